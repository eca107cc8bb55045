import ChatHost
import ChatKernel
import Testing

@Suite("What operators ask", .serialized)
struct OperationTests {
    @Test("is it alive, is it ready")
    func health() async throws {
        try await withHost { host in
            let (alive, ready) = (try host.call("GET", "/healthz"), try host.call("GET", "/readyz"))
            #expect(alive.status == 200 && ready.status == 200)
            #expect(try alive.json["status"] == "ok")
            #expect(try ready.json["status"] == "ready")
            #expect(ready["cache-control"] == "no-store")
        }
    }

    @Test("what does it promise")
    func info() async throws {
        try await withHost(config(limits: #""messageBytes": 1000, "connectionsPerUser": 3"#)) { host in
            let info = try host.call("GET", "/api/chat/info").json
            #expect(info["version"].text == Host.version)
            #expect(info["profiles"] == ["v1", "v2"])
            #expect(info["epoch"].text?.isEmpty == false)
            #expect(info["registration"] == true)
            #expect(info["store"]["durability"] == "memory")
            #expect(info["store"]["atomic_batch"] == true)
            #expect(info["transports"].items.map { $0["type"] } == ["rest", "websocket", "long-polling"])
            #expect(info["transports"][0]["resume"] == false)
            #expect(info["transports"][0]["guarantee"].text?.contains("gone when the host stops") == true)
            #expect(info["limits"]["message_bytes"] == 1000)
            #expect(info["limits"]["connections_per_user"] == 3)
        }
    }

    @Test("how much: Prometheus' text, every sample with its help and its type")
    func metrics() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            try ann.post("one", in: room)
            let page = try host.call("GET", "/metrics")
            #expect(page["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let lines = page.text.split(separator: "\n")
            for line in lines where !line.hasPrefix("#") {
                let name = line.prefix { $0 != " " && $0 != "{" }
                #expect(lines.contains { $0.hasPrefix("# HELP \(name) ") })
                #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") })
            }
            #expect(try host.metric("chat_entries_committed_total") == 2)
            #expect(try host.metric("chat_sessions_open") == 1)
            #expect(try host.metric("chat_http_upgrades_total") == 1)
            #expect(try host.metric(#"chat_http_answers_total{class="2xx"}"#) ?? 0 > 3)
            socket.socket.close()
            try host.awaitMetric("chat_sessions_open", 0)
        }
    }

    @Test("every answer keeps browsers careful", arguments: ["/", "/healthz", "/nothing", "/api/auth/me", "/metrics"])
    func securityFields(path: String) async throws {
        let answer = try await withHost { try $0.call("GET", path) }
        #expect(answer["x-content-type-options"] == "nosniff")
        #expect(answer["x-frame-options"] == "DENY")
        #expect(answer["referrer-policy"] == "no-referrer")
        #expect(answer["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(answer["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
        #expect(answer["cross-origin-resource-policy"] == "same-origin")
        #expect(answer["cross-origin-opener-policy"] == "same-origin")
        #expect(answer["cache-control"] == (path == "/" ? "no-cache" : "no-store"))
        #expect(answer["date"] != nil)
    }

    @Test("there is a page to chat in")
    func page() async throws {
        try await withHost { host in
            let page = try host.call("GET", "/")
            #expect(page.status == 200)
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("<!doctype html>") || page.text.contains("<!DOCTYPE html>"))
            let head = try host.call("HEAD", "/")
            #expect(head.status == 200)
            #expect(head["content-length"] == page["content-length"])
        }
    }

    @Test("the log has each request without its query")
    func log() async throws {
        let log = RecordingLog()
        try await withHost(log: log) { host in
            let ann = try host.person("ann")
            try ann.enter(try host.room(ann)).here("ann")
        }
        let answered = log.lines.filter { $0.message == "answered" }
        #expect(answered.contains { $0.fields["status"] == "101" && $0.fields["method"] == "GET" })
        for line in log.lines {
            for text in [line.message] + line.fields.values { #expect(!text.contains("eyJ") && !text.contains("?")) }
        }
        #expect(log.lines.contains { $0.message == "listening" })
        #expect(log.lines.last?.message == "stopped")
    }
}
