import ChatKernel
import Testing

@Suite("Accounts over REST", .serialized)
struct AccountTests {
    private let accounts = config(limits: #""passwordAttemptsPerMinute": 3"#)

    @Test("sign up, log in with JSON or a form, and be somebody")
    func signUp() async throws {
        try await withHost(accounts) { host in
            let made = try host.call(
                "POST", "/api/auth/register",
                #"{"username":"Ann","password":"correct horse","email":"ann@example.org"}"#)
            #expect(made.status == 201)
            #expect(try made.json.names == ["id", "username", "email", "is_active", "created_at"])
            let login = try host.call("POST", "/api/auth/login", #"{"username":"ann","password":"correct horse"}"#)
            #expect(login.status == 200)
            #expect(try login.json["token_type"] == "bearer")
            #expect(try login.json["expires_in"] == 3600)
            #expect(login["cache-control"] == "no-store")
            let form = try host.call(
                "POST", "/api/auth/login", "grant_type=password&username=Ann&password=correct+horse",
                fields: ["Content-Type": "application/x-www-form-urlencoded"])
            for answer in [login, form] {
                let me = try host.call("GET", "/api/auth/me", token: try answer.json["access_token"].text)
                #expect(try me.json == made.json)
            }
            let taken = try host.call("POST", "/api/auth/register", #"{"username":"ANN","password":"correct horse"}"#)
            #expect(taken.status == 409)
            #expect(try taken.code == "conflict")
        }
    }

    @Test("a name is one name however its accents were typed, and is kept composed")
    func composed() async throws {
        let store = #"{ "type": "sqlite", "path": "chat.db" }"#
        try await withHost(config(store: store)) { host in
            func body(_ name: String) -> String { #"{"username":"\#(name)","password":"correct horse"}"# }
            let (one, two) = ("jos\u{E9}", "jose\u{301}")
            let made = try host.call("POST", "/api/auth/register", body(two))
            #expect(made.status == 201)
            #expect(try Array(#require(made.json["username"].text).utf8) == Array(one.utf8))
            let twin = try host.call("POST", "/api/auth/register", body(one))
            #expect(twin.status == 409)
            for name in [one, two, "JOSE\u{301}"] {
                #expect(try host.call("POST", "/api/auth/login", body(name)).status == 200)
            }
        }
    }

    @Test("a wrong password and an unknown name are one answer; after a few there is a pause")
    func guessing() async throws {
        try await withHost(accounts) { host in
            _ = try host.call("POST", "/api/auth/register", #"{"username":"ann","password":"correct horse"}"#)
            let wrong = try host.call("POST", "/api/auth/login", #"{"username":"ann","password":"battery staple"}"#)
            let nobody = try host.call("POST", "/api/auth/login", #"{"username":"bob","password":"battery staple"}"#)
            #expect(wrong.status == 401)
            #expect(wrong["www-authenticate"]?.hasPrefix("Bearer") == true)
            #expect(try wrong.code == "token_invalid")
            #expect(wrong.status == nobody.status && wrong.body == nobody.body)
            var last = wrong
            for _ in 0..<3 {
                last = try host.call("POST", "/api/auth/login", #"{"username":"ann","password":"battery staple"}"#)
            }
            #expect(last.status == 429)
            #expect(last["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        }
    }

    @Test("registration can be switched off")
    func closed() async throws {
        try await withHost(config(auth: #""registration": false"#)) { host in
            let refused = try host.call(
                "POST", "/api/auth/register", #"{"username":"ann","password":"correct horse"}"#)
            #expect(refused.status == 403)
            #expect(try refused.code == "forbidden")
            #expect(try host.call("GET", "/api/chat/info").json["registration"] == false)
        }
    }

    @Test(
        "a body that will not do is told why",
        arguments: [
            ("{", "application/json", 400, "bad_json"),
            ("[]", "application/json", 400, "bad_json"),
            (#"{"username":"ann"}"#, "application/json", 422, "missing_field"),
            (#"{"username":"ann","password":5}"#, "application/json", 422, "invalid_field"),
            (#"{"username":"ann","password":"short"}"#, "application/json", 422, "invalid_field"),
            (#"{"username":"","password":"correct horse"}"#, "application/json", 422, "invalid_field"),
            (#"{"username":"ann","password":"correct horse"}"#, "text/plain", 415, "unsupported_media_type"),
        ])
    func bodies(body: String, type: String, status: Int, code: String) async throws {
        let answer = try await withHost {
            try $0.call("POST", "/api/auth/register", body, fields: ["Content-Type": type])
        }
        #expect(answer.status == status)
        #expect(try answer.code == code)
    }

    @Test("whoever shows no good token is refused, and told to show one")
    func strangers() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let old = try host.token("ann", lasting: 60)
            time.set(TestTime.start.advanced(bySeconds: 91))
            for (field, code) in [
                (nil, "token_invalid"), ("Bearer", "token_invalid"), ("Bearer abc", "token_invalid"),
                ("Basic YTpi", "token_invalid"), ("Bearer \(old)", "token_expired"),
            ] {
                let answer = try host.call(
                    "GET", "/api/chat/conversations", fields: field.map { ["Authorization": $0] } ?? [:])
                #expect(answer.status == 401)
                #expect(answer["www-authenticate"]?.hasPrefix("Bearer") == true)
                #expect(try answer.code == code)
            }
        }
    }
}
