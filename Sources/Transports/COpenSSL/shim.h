// OpenSSL 3: digests, signatures, key derivation, random bytes and TLS. No code of ours; constants where a macro with
// arguments hides the value from Swift.
// The two POSIX headers are for the thread that password hashes are made on (ChatAuth), which has no other C module.
#ifndef CHAT_COPENSSL_SHIM_H
#define CHAT_COPENSSL_SHIM_H
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <semaphore.h>

// Renegotiation and compression are attack surface that nobody needs. An end without close_notify is reported as an end: our
// BIO tells the two apart, and OpenSSL would otherwise refuse to write after it.
static const uint64_t chat_tls_options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF
    | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
#endif
