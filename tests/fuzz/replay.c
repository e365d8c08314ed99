/* replay.c: runs a fuzz target over files that are kept, for builds without libFuzzer.
 *
 * Usage: fuzz_NAME FOLDER|FILE ...   A folder that is missing or empty is a failure: it would test nothing.
 * So is a corpus of which a target says that it does not reach all that it should (fuzz_is_covered).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int fuzz_is_covered(void) __attribute__((weak));

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 0;
    }
    uint8_t *data = NULL;
    size_t size = 0, room = 0, got;
    do {
        if (size == room) {
            room = room == 0 ? 65536 : 2 * room;
            data = realloc(data, room);
            if (data == NULL)
                abort();
        }
        got = fread(data + size, 1, room - size, file);
        size += got;
    } while (got > 0);
    fclose(file);
    /* An exact copy on the heap, so that a sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, data, size);
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static unsigned replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return 0;
    }
    unsigned done = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        done += (unsigned)replay_file(path);
    }
    closedir(dir);
    return done;
}

int main(int argc, char **argv)
{
    unsigned done = 0;
    int is_corpus = 0;
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            return 1;
        }
        is_corpus |= S_ISDIR(st.st_mode);
        done += S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : (unsigned)replay_file(argv[i]);
    }
    printf("%u inputs\n", done);
    if (is_corpus && fuzz_is_covered != NULL && !fuzz_is_covered())
        return 1;
    return done > 0 ? 0 : 1;
}
