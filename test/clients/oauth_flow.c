/*
 * For LD_PRELOAD: gives libpq 18 a way to sign in (PostgreSQL 18, "OAuth Support", PQsetAuthDataHook), as Debian's and npm's have
 * none of their own. The program in OAUTH_FLOW is told where the provider is and what to ask it for, and prints the token.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PGoauthBearerRequest and PQAUTHDATA_OAUTH_BEARER_TOKEN, as libpq-fe.h of PostgreSQL 18 has them. */
struct request {
    const char *openid_configuration;
    const char *scope;
    void *async;
    void (*cleanup)(void *conn, struct request *request);
    char *token;
    void *user;
};
enum { bearer_token = 1 };

static char token[65536];

static int sign_in(int type, void *conn, void *data)
{
    struct request *request = data;
    FILE *flow;

    (void) conn;
    if (type != bearer_token) return 0;
    setenv("OAUTH_CONFIGURATION", request->openid_configuration, 1);
    setenv("OAUTH_SCOPE", request->scope ? request->scope : "", 1);
    unsetenv("LD_PRELOAD");
    unsetenv("LD_LIBRARY_PATH");
    flow = popen(getenv("OAUTH_FLOW"), "r");
    if (!flow || !fgets(token, sizeof token, flow) || pclose(flow) != 0) return -1;
    token[strcspn(token, "\n")] = '\0';
    request->token = token;
    return 1;
}

__attribute__((constructor)) static void install(void)
{
    void (*set)(int (*)(int, void *, void *)) = dlsym(RTLD_DEFAULT, "PQsetAuthDataHook");

    if (set) set(sign_in);
}
