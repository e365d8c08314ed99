# postgres.sh: PostgreSQL clusters for tests. Sourced after lib.sh. Each lives in a folder of the test's own and listens on
# a free port of loopback, with TLS alone; a CA that is made with it vouches for it. They are gone when the test ends.
#
#   postgres_new NAME                  makes a cluster, with role and database cmpd, in $work/NAME
#   postgres_start NAME [SETTING...]   starts it, with settings as "name=value"
#   postgres_stop NAME [SIGNAL]        ends it: INT (the default) as an operator would, QUIT without a checkpoint, KILL
#   postgres_url NAME [ANCHORS]        prints the URL of its database; ANCHORS: another file than $work/NAME/ca.pem
#   postgres_sql NAME STATEMENT        runs it as the superuser, prints what it answers
#   postgres_tables NAME [DATABASE]    makes the tables in its database, or in another one
#
# A cluster keeps its port when it is stopped and started again.

postgres_bin=/usr/lib/postgresql/15/bin
[ -x "$postgres_bin/postgres" ] || fail "there is no $postgres_bin/postgres: deploy/packages test installs it"
postgres_password=$(openssl rand -hex 16)
declare -A postgres_pid=() # of the clusters that run

# PostgreSQL refuses to be root. An array, not a function: what it starts in the background is then the process itself.
as_postgres=()
if [ "$(id -u)" -eq 0 ]; then
    as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups env -C /)
fi

# By SIGKILL, shared memory would stay in the system.
postgres_end_all() {
    local name
    for name in "${!postgres_pid[@]}"; do
        postgres_stop "$name" QUIT
    done
}
at_end+=(postgres_end_all)

postgres_certificate() {
    local folder=$1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/ca.key" -out "$folder/ca.pem" \
        -days 2 -subj "/CN=CA of ${folder##*/}" -addext keyUsage=critical,keyCertSign 2>/dev/null
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/server.key" \
        -subj /CN=localhost 2>/dev/null |
        openssl x509 -req -set_serial 2 -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -days 2 -out "$folder/server.pem" \
            -extfile <(echo subjectAltName=DNS:localhost) 2>/dev/null
    chmod 600 "$folder/server.key"
}

postgres_new() {
    local folder=$work/$1
    mkdir "$folder" "$folder/data"
    postgres_certificate "$folder"
    printf '%s\n' "$postgres_password" >"$folder/password"
    if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$work" # so that user postgres finds its own folder in it
        chown postgres "$folder/data" "$folder/server.key" "$folder/password"
    fi
    "${as_postgres[@]}" "$postgres_bin/initdb" -D "$folder/data" -U postgres --pwfile="$folder/password" \
        --auth=scram-sha-256 --encoding=UTF8 --no-locale --no-sync >"$folder/initdb.out" 2>&1 ||
        fail "initdb: $(cat "$folder/initdb.out")"
    echo 'hostssl all all 127.0.0.1/32 scram-sha-256' >"$folder/data/pg_hba.conf"
    postgres_start "$1"
    postgres_sql "$1" "create role cmpd login password '$postgres_password'"
    postgres_sql "$1" "create database cmpd owner cmpd"
    postgres_stop "$1"
}

# Another process may take the port between its choice and its use: then the cluster ends, and another one is tried.
postgres_start() {
    local name=$1 folder=$work/$1 setting settings=() try
    shift
    for setting in "$@"; do settings+=(-c "$setting"); done
    for ((try = 0; try < 5; try++)); do
        [ -e "$folder/port" ] || free_port >"$folder/port"
        "${as_postgres[@]}" "$postgres_bin/postgres" -D "$folder/data" -p "$(cat "$folder/port")" \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c ssl=on -c ssl_cert_file="$folder/server.pem" \
            -c ssl_key_file="$folder/server.key" -c fsync=off "${settings[@]}" >>"$work/$name.log" 2>&1 &
        postgres_pid[$name]=$!
        # Only this cluster knows the password, so nobody else's is taken for it.
        until_so "PostgreSQL answers" postgres_answers_or_ended "$name"
        is_gone "${postgres_pid[$name]}" || return 0
        unset "postgres_pid[$name]"
        tail -n 20 "$work/$name.log" | grep -q 'Address already in use' || fail "PostgreSQL did not start"
        rm "$folder/port"
    done
    fail "PostgreSQL found no port"
}

postgres_answers_or_ended() {
    postgres_sql "$1" 'select 1' >/dev/null 2>&1 || is_gone "${postgres_pid[$1]}"
}

postgres_stop() {
    local pid=${postgres_pid[$1]}
    unset "postgres_pid[$1]"
    kill -s "${2:-INT}" "$pid"
    wait "$pid" 2>/dev/null || [ "${2:-INT}" != INT ] || fail "PostgreSQL ended with status $?"
}

postgres_url() {
    printf 'postgresql://cmpd:%s@localhost:%s/cmpd?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=%s' \
        "$postgres_password" "$(cat "$work/$1/port")" "${2:-$work/$1/ca.pem}"
}

# The password is not for a command line.
postgres_tables() {
    local url
    url=$(postgres_url "$1" | sed "s|/cmpd?|/${2:-cmpd}?|; s|:$postgres_password@|@|")
    ok "the tables are made" env PGPASSWORD="$postgres_password" "$CMPD_BIN/cmpctl" db migrate --store "$url"
}

postgres_sql() {
    PGPASSWORD=$postgres_password "$postgres_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$2" \
        "host=localhost hostaddr=127.0.0.1 port=$(cat "$work/$1/port") user=postgres dbname=postgres
         sslmode=verify-full sslrootcert=$work/$1/ca.pem"
}

# postgres_db NAME STATEMENT: the same in database cmpd.
postgres_db() {
    PGPASSWORD=$postgres_password "$postgres_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$2" \
        "host=localhost hostaddr=127.0.0.1 port=$(cat "$work/$1/port") user=postgres dbname=cmpd
         sslmode=verify-full sslrootcert=$work/$1/ca.pem"
}

# postgres_demo NAME DEMO [PARAMETERS]: a demo CA as demo makes it, whose store is database cmpd of cluster NAME, with its
# tables; the password is in a file. PARAMETERS of the URL in place of those for TLS.
postgres_demo() {
    local url parameters=${3:-"sslmode=verify-full&sslrootcert=$work/$1/ca.pem"}
    printf '*:*:*:*:%s\n' "$postgres_password" >"$work/pgpass"
    chmod 600 "$work/pgpass"
    [[ $parameters == *port=* ]] || parameters+="&port=$(cat "$work/$1/port")"
    url="postgresql://cmpd@localhost/cmpd?hostaddr=127.0.0.1&passfile=$work/pgpass&$parameters"
    dir=$work/$2
    port=$(free_port)
    "$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" --store "$url" >/dev/null
    serve_no_ocsp
    ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --config "$dir/cmpd.yaml"
}
