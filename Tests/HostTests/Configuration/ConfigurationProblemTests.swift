import ChatHost
import Testing

@Suite("A config that is wrong")
struct ConfigurationProblemTests {
    @Test(
        "every wrong value is told with its path and what is allowed",
        arguments: [
            (#""http": { "listen": 8000 }"#, "http.listen: must be text, not a number"),
            (#""http": { "listen": "8000" }"#, "http.listen: must be address:port, such as 127.0.0.1:8000"),
            (#""http": { "listen": "::1:8000" }"#, "http.listen: must be address:port, such as 127.0.0.1:8000"),
            (#""http": { "listen": "a:65536" }"#, "http.listen: must be address:port, such as 127.0.0.1:8000"),
            (#""http": { "loops": 65 }"#, "http.loops: must be a whole number from 0 to 64"),
            (#""http": { "drainSeconds": 1.5 }"#, "http.drainSeconds: must be a whole number, not 1.5"),
            (#""http": { "drainSeconds": -1 }"#, "http.drainSeconds: must be a whole number from 0 to 300"),
            (#""http": { "allowedOrigins": "*" }"#, "http.allowedOrigins: must be a list, not text"),
            (
                #""http": { "allowedOrigins": ["https://a.example", "b.example"] }"#,
                "http.allowedOrigins[1]: must be an origin without a path, such as https://app.example.org"
            ),
            (
                #""http": { "allowedOrigins": ["https://a.example/chat"] }"#,
                "http.allowedOrigins[0]: must be an origin without a path, such as https://app.example.org"
            ),
            (
                #""http": { "allowedOrigins": ["https://*.example.org"] }"#,
                "http.allowedOrigins[0]: there is no “*” in an origin: name each by itself"
            ),
            (
                #""http": { "allowedOrigins": ["https://ä.example"] }"#,
                "http.allowedOrigins[0]: must be in ASCII, as browsers say it: a host name with other letters begins with xn--"
            ),
            (
                #""http": { "allowedOrigins": ["https://a.example:80", "http://a.example:80"] }"#,
                "http.allowedOrigins[1]: must be without :80, which browsers leave out"
            ),
            (
                #""http": { "allowedOrigins": ["http://[::1]:443", "https://[::1]:443"] }"#,
                "http.allowedOrigins[1]: must be without :443, which browsers leave out"
            ),
            (
                #""http": { "allowedOrigins": ["https://a.example:0443"] }"#,
                "http.allowedOrigins[0]: a port is a number from 1 to 65535"
            ),
            (
                #""http": { "allowedOrigins": ["https://me@a.example"] }"#,
                "http.allowedOrigins[0]: must be an origin without a path, such as https://app.example.org"
            ),
            (#""http": []"#, "http: must be an object, not a list"),
            (#""limits": { "connections": -1 }"#, "limits.connections: must be a whole number from 0 to 100000000"),
            (#""limits": { "connections": "many" }"#, "limits.connections: must be a whole number, not text"),
            (
                #""limits": { "connections": 99999999999999999999 }"#,
                "limits.connections: must be a whole number, not 1e+20"
            ),
            (
                #""limits": { "messageBytes": +1x10, "connections": +1x10 }, "log": { "level": +1x10 }"#,
                "limits.connections: not valid JSON: neither a number nor text"
            ),
            (#""limits": { "messageBytes": 524289 }"#, "limits.messageBytes: must be a whole number from 0 to 524288"),
            (
                #""limits": { "messagesKeptDays": 36501 }"#,
                "limits.messagesKeptDays: must be a whole number from 0 to 36500"
            ),
            (#""require": { "resume": "yes" }"#, "require.resume: must be true or false, not text"),
            (#""require": { "durability": "hard" }"#, "require.durability: must be one of memory, written, synced"),
            (#""log": { "level": "loud" }"#, "log.level: must be one of debug, info, warning, error"),
            (#""log": { "form": "xml" }"#, "log.form: must be one of auto, text, json"),
            (#""auth": { "algorithm": "none" }"#, "auth.algorithm: is one of HS256, HS384, HS512, RS256, ES256, EdDSA"),
            (
                #""auth": { "accessTokenExpireMinutes": 0 }"#,
                "auth.accessTokenExpireMinutes: is a number from 1 to 525600"
            ),
            (#""auth": { "registration": 1 }"#, "auth.registration: must be true or false, not a number"),
            (
                #""auth": { "secretKey": {"vault": "x"} }"#,
                #"auth.secretKey: is a text, {"env": NAME} or {"file": PATH}"#
            ),
            (
                #""auth": { "keys": [ { "algorithm": "HS256", "secret": "x" }, { "id": "b" } ] }"#,
                "auth.keys[1].algorithm: is needed"
            ),
            (
                #""auth": { "keys": [ { "algorithm": "ES256", "secret": "x" } ] }"#,
                #"auth.keys[0]: a key of ES256 has either "publicKey" or "privateKey""#
            ),
            (
                #""auth": { "algorithm": "HS512", "keys": [ { "algorithm": "HS256", "secret": "x" } ] }"#,
                "auth.algorithm: is of use with a secretKey only; each of the keys says its own"
            ),
            (
                #""auth": { "secretKeyId": "a", "keys": [ { "algorithm": "HS256", "secret": "x" } ] }"#,
                "auth.secretKeyId: is of use with a secretKey only; each of the keys says its own"
            ),
            (
                #""auth": { "secretKey": 5, "algorithm": "HS256", "keys": [ { "algorithm": "HS256", "secret": "x" } ] }"#,
                #"auth.secretKey: is a text, {"env": NAME} or {"file": PATH}"#
            ),
        ])
    func values(more: String, problem: String) {
        #expect(problems(with(more)) == [problem])
    }

    @Test(
        "stores and transports are told the same way",
        arguments: [
            (#"{}"#, #"[{"type": "rest"}]"#, "store.type: is needed: one of memory, sqlite"),
            (#""sqlite""#, #"[{"type": "rest"}]"#, "store: must be an object with a “type”, one of memory, sqlite"),
            (#"{"type": "redis"}"#, #"[{"type": "rest"}]"#, "store.type: “redis” is not known; one of memory, sqlite"),
            (#"{"type": "sqlite"}"#, #"[{"type": "rest"}]"#, "store.path: is needed"),
            (#"{"type": "sqlite", "path": 5}"#, #"[{"type": "rest"}]"#, "store.path: must be text, not a number"),
            (
                #"{"type": "sqlite", "path": "a", "durability": "never"}"#, #"[{"type": "rest"}]"#,
                #"store.durability: must be "written" or "synced", not "never""#
            ),
            (
                #"{"type": "memory", "path": "a"}"#, #"[{"type": "rest"}]"#,
                "store.path: is not a setting here; there are none"
            ),
            (#"{"type": "memory"}"#, "{}", "transports: must be a list of at least one transport"),
            (#"{"type": "memory"}"#, "[]", "transports: must be a list of at least one transport"),
            (
                #"{"type": "memory"}"#, #"[{"type": "rest"}, "websocket"]"#,
                "transports[1]: must be an object with a “type”, one of long-polling, rest, websocket"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "rest"}, {"type": "websockets"}]"#,
                "transports[1].type: “websockets” is not known; one of long-polling, rest, websocket"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "rest", "listen": "a:1"}]"#,
                "transports[0].listen: is not a setting here; there are none"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "websocket", "pingSeconds": 0}]"#,
                "transports[0].pingSeconds: must be a whole number from 1 to 3600"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "websocket", "frameBytes": 1000}]"#,
                "transports[0].frameBytes: must be 0 or a whole number from 1024 to 16777216"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "websocket", "pings": 1}]"#,
                "transports[0].pings: is not a setting here; known are frameBytes, outboxBytes, pingSeconds, pongSeconds"
            ),
            (
                #"{"type": "memory"}"#, #"[{"type": "rest"}, {"type": "websocket"}, {"type": "rest"}]"#,
                "transports[2]: there is a “rest” before it already"
            ),
        ])
    func adapters(store: String, transports: String, problem: String) {
        #expect(problems(#"{ "store": \#(store), "transports": \#(transports) }"#) == [problem])
    }

    @Test("six mistakes are six problems at once, in the order of the sections")
    func atOnce() {
        let text = """
            { "store": { "type": "sqlite", "durability": "never" },
              "transports": [ { "type": "websocket", "pingSeconds": 0, "outboxBytes": 1 }, { "type": "zmq" } ],
              "limits": { "connections": -1 } }
            """
        #expect(
            problems(text)
                == [
                    "store.path: is needed",
                    "transports[0].pingSeconds: must be a whole number from 1 to 3600",
                    "transports[0].outboxBytes: must be a whole number from 65536 to 67108864",
                    "transports[1].type: “zmq” is not known; one of long-polling, rest, websocket",
                    "limits.connections: must be a whole number from 0 to 100000000",
                ].inserting(#"store.durability: must be "written" or "synced", not "never""#, at: 1)
        )
    }

    @Test("of a list every wrong item is told by its own number")
    func items() {
        #expect(
            problems(with(#""http": { "allowedOrigins": ["a", "https://b.example", 5, "d"] }"#)) == [
                "http.allowedOrigins[0]: must be an origin without a path, such as https://app.example.org",
                "http.allowedOrigins[2]: must be text, not a number",
                "http.allowedOrigins[3]: must be an origin without a path, such as https://app.example.org",
            ])
    }

    @Test("what is said of a secret that is not there is told, each by itself")
    func idle() {
        let keys = #"[ { "algorithm": "HS256", "secret": "x" } ]"#
        let sentence = "is of use with a secretKey only; each of the keys says its own"
        let auth = #""auth": { "secretKeyId": "a", "algorithm": "HS256", "keys": \#(keys), "issuer": 5 }"#
        #expect(
            problems(with(auth)) == [
                "auth.issuer: must be text, not a number", "auth.secretKeyId: \(sentence)",
                "auth.algorithm: \(sentence)",
            ])
        #expect(problems(with(#""auth": { "algorithm": "HS512", "secretKeyId": "a" }"#)) == [])
        let secret = ["SECRET_KEY": "x"]
        #expect(problems(with(#""auth": { "algorithm": "HS512", "keys": \#(keys) }"#), environment: secret) == [])
    }

    @Test("TLS needs both its files, and knows what it knows")
    func tls() {
        #expect(
            problems(with(#""http": { "tls": { "minimumVersion": "1.1", "listen": "8443", "ciphers": "all" } }"#)) == [
                "http.tls.certificate: is needed",
                "http.tls.privateKey: is needed",
                "http.tls.minimumVersion: must be one of 1.2, 1.3",
                "http.tls.listen: must be address:port, such as 0.0.0.0:8443",
                "http.tls.ciphers: is not a setting here; known are certificate, listen, minimumVersion, privateKey, "
                    + "strictTransportSecuritySeconds",
            ])
    }

    @Test("a wrong value does not hide an unknown name beside it")
    func both() {
        #expect(
            problems(with(#""http": { "loops": 99, "lisen": "a:1" }, "limit": {}, "logs": {}"#)) == [
                "limit: is not a section; known are store, auth, http, transports, limits, require, log",
                "logs: is not a section; known are store, auth, http, transports, limits, require, log",
                "http.loops: must be a whole number from 0 to 64",
                "http.lisen: is not a setting here; known are allowedOrigins, drainSeconds, listen, loops, tls",
            ])
    }

    @Test("a type that comes twice is told even when the first is wrong")
    func twice() {
        let text = """
            { "store": { "type": "memory" },
              "transports": [ { "type": "websocket", "pingSeconds": 0 }, { "type": "websocket" } ] }
            """
        #expect(
            problems(text) == [
                "transports[0].pingSeconds: must be a whole number from 1 to 3600",
                "transports[1]: there is a “websocket” before it already",
            ])
    }

    @Test("nothing but a store and a transport is needed, and both are asked for")
    func empty() {
        #expect(problems("{}") == ["store: is needed", "transports: must be a list of at least one transport"])
    }

    @Test("what is no JSON is one problem", arguments: ["", "{", "[1, 2", "{ \"store\": }", "nonsense", "\u{0}"])
    func noJSON(text: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("not valid JSON: ") == true)
    }

    /// Foundation's reader would stop the process at this key.
    @Test("what is not UTF-8 is one problem")
    func noUTF8() {
        #expect(problems(Array("{ x".utf8) + [0xFF, 0xFF, 0xFF]) == ["not valid JSON: the text is not UTF-8"])
        #expect(problems(Array("{ \"store\": {".utf8) + [0xF0, 0x9F]) == ["not valid JSON: the text is not UTF-8"])
    }

    @Test("a config is an object", arguments: ["[]", "5", "\"text\"", "null"])
    func notAnObject(text: String) {
        #expect(problems(text) == ["the config must be an object: { … }"])
    }

    @Test("a value of null counts as left out")
    func null() {
        #expect(problems(with(#""http": { "listen": null }, "log": { "level": null }"#)) == [])
    }
}

extension Array {
    fileprivate func inserting(_ element: Element, at index: Int) -> Self {
        var copy = self
        copy.insert(element, at: index)
        return copy
    }
}
