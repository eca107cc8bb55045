// OpenSSL 3: digests, signatures, key derivation, random bytes and (later) TLS. Only functions, no inline code of ours.
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
#include <pthread.h>
#include <semaphore.h>
#endif
