/* A PKCS #11 module for tests: SoftHSM, which can be lost, be slow, and hang. What it does is told by the
 * files in the folder FRAGILE_TOKEN, looked at in each call:
 *
 *   lost    the device is removed: sessions end, and no new one opens
 *   broken  each session that is open at this moment ends, once: the file is taken away
 *   delay   a signature takes as many milliseconds longer as the file says
 *   lie     an attribute is as long as the file says; or, where that is empty, its last octet is changed
 *   meet    a signature ends once as many are in work at the same time as the file says: the file is taken
 * away hang    no signature and no login ends as long as the file is there; the file "hanging" is made by the
 * first delete  the private key with the label that the file holds is deleted, once: the file is taken away
 *
 * fragile_most() tells how many signatures were in work at the same time, fragile_now() how many are,
 * fragile_logins() how often a PIN was tried. Built like a module of anybody's: without our own settings,
 * with nothing exported but what a module has. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FRAGILE_BELOW
#define FRAGILE_BELOW "/usr/lib/softhsm/libsofthsm2.so"
#endif

enum { SESSIONS_MAX = 4096 };

static CK_FUNCTION_LIST below, list;
static atomic_uint in_work, most, logins;
static atomic_ulong generation = 1;
static atomic_ulong opened_in[SESSIONS_MAX]; /* generation of each session, by its handle */

#define EXPORT __attribute__((visibility("default")))

EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out);
EXPORT unsigned fragile_most(void);
EXPORT unsigned fragile_logins(void);
EXPORT unsigned fragile_now(void);

static const char *path_of(char *out, size_t len, const char *name)
{
    const char *folder = getenv("FRAGILE_TOKEN");

    snprintf(out, len, "%s/%s", folder != NULL ? folder : "/nonexistent", name);
    return out;
}

static int has(const char *name)
{
    char path[512];

    return access(path_of(path, sizeof path, name), F_OK) == 0;
}

static void hang(void)
{
    char path[512];

    for (FILE *file; has("hang"); usleep(10000))
        if (!has("hanging") && (file = fopen(path_of(path, sizeof path, "hanging"), "w")) != NULL)
            fclose(file);
}

/* The number in the file |name|; 0 if there is none. */
static unsigned number_in(const char *name)
{
    char path[512], text[16] = "";
    FILE *file = fopen(path_of(path, sizeof path, name), "r");

    if (file != NULL && fgets(text, sizeof text, file) == NULL)
        text[0] = 0;
    if (file != NULL)
        fclose(file);
    return (unsigned)atoi(text);
}

static void meet(void)
{
    char path[512];

    for (unsigned wanted; (wanted = number_in("meet")) != 0; usleep(1000))
        if (atomic_load(&in_work) >= wanted)
            unlink(path_of(path, sizeof path, "meet"));
}

static void slow_down(void)
{
    usleep((useconds_t)number_in("delay") * 1000);
    meet();
    hang();
}

static CK_RV state_of(CK_SESSION_HANDLE session)
{
    char path[512];

    if (has("lost")) {
        atomic_fetch_add(&generation, 1);
        return CKR_DEVICE_REMOVED;
    }
    if (unlink(path_of(path, sizeof path, "broken")) == 0)
        atomic_fetch_add(&generation, 1);
    return opened_in[session % SESSIONS_MAX] == atomic_load(&generation) ? CKR_OK
                                                                         : CKR_SESSION_HANDLE_INVALID;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    CK_RV rv =
        has("lost") ? CKR_DEVICE_REMOVED : below.C_OpenSession(slot, flags, application, notify, session);

    if (rv == CKR_OK)
        atomic_store(&opened_in[*session % SESSIONS_MAX], atomic_load(&generation));
    return rv;
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    return has("lost") ? CKR_TOKEN_NOT_PRESENT : below.C_GetTokenInfo(slot, info);
}

static void delete_key(CK_SESSION_HANDLE session)
{
    char path[512], label[64] = "";
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, label, 0}};
    CK_SESSION_INFO info;
    CK_OBJECT_HANDLE object;
    CK_ULONG found = 0;
    FILE *file = fopen(path_of(path, sizeof path, "delete"), "r");

    if (file == NULL)
        return;
    if (fgets(label, sizeof label, file) != NULL && unlink(path) == 0) {
        wanted[1].ulValueLen = strlen(label);
        below.C_GetSessionInfo(session, &info);
        below.C_OpenSession(info.slotID, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
        below.C_FindObjectsInit(session, wanted, 2);
        below.C_FindObjects(session, &object, 1, &found);
        below.C_FindObjectsFinal(session);
        if (found == 1)
            below.C_DestroyObject(session, object);
        below.C_CloseSession(session);
    }
    fclose(file);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_RV rv = state_of(session);

    if (rv == CKR_OK)
        delete_key(session);

    return rv == CKR_OK ? below.C_SignInit(session, mechanism, key) : rv;
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_len, unsigned char *signature,
                  CK_ULONG *signature_len)
{
    unsigned now = atomic_fetch_add(&in_work, 1) + 1, before = atomic_load(&most);
    CK_RV rv;

    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
    slow_down();
    rv = state_of(session);
    if (rv == CKR_OK)
        rv = below.C_Sign(session, data, data_len, signature, signature_len);
    atomic_fetch_sub(&in_work, 1);
    return rv;
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *asked,
                                 CK_ULONG count)
{
    CK_RV rv = below.C_GetAttributeValue(session, object, asked, count);
    unsigned len = number_in("lie");

    if (rv != CKR_OK || !has("lie"))
        return rv;
    if (len != 0)
        asked->ulValueLen = len;
    else
        ((unsigned char *)asked->pValue)[asked->ulValueLen - 1] ^= 0x80;
    return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG pin_len)
{
    atomic_fetch_add(&logins, 1);
    hang();
    return has("lost") ? CKR_DEVICE_REMOVED : below.C_Login(session, user, pin, pin_len);
}

unsigned fragile_logins(void)
{
    return atomic_load(&logins);
}

unsigned fragile_now(void)
{
    return atomic_load(&in_work);
}

unsigned fragile_most(void)
{
    return atomic_load(&most);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    void *library = dlopen(FRAGILE_BELOW, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *theirs;

    /* POSIX hands functions out as objects; ISO C has no cast for it. */
    if (library != NULL)
        *(void **)&get = dlsym(library, "C_GetFunctionList");
    if (get == NULL || get(&theirs) != CKR_OK)
        return CKR_GENERAL_ERROR;
    below = list = *theirs;
    list.C_GetFunctionList = C_GetFunctionList;
    list.C_OpenSession = open_session;
    list.C_Login = login;
    list.C_GetAttributeValue = get_attribute_value;
    list.C_GetTokenInfo = get_token_info;
    list.C_SignInit = sign_init;
    list.C_Sign = sign;
    *out = &list;
    return CKR_OK;
}
