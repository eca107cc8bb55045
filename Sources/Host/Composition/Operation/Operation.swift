import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire
import Synchronization

/// What operators ask: is it alive, is it ready, how much, and what does it promise.
final class Operation: Sendable {
    static let version = "0.1.0"

    let isStopping = Atomic(false)
    let counters = Mutex<HTTPCounters?>(nil)
    private let kernel: Kernel
    private let promises: [Promise]

    init(kernel: Kernel, promises: [Promise]) {
        self.kernel = kernel
        self.promises = promises
    }

    var routes: [Route] {
        [
            Route("GET", "/healthz", .immediate { _ in Self.json(200) { $0.member("status", "ok") } }),
            Route("GET", "/readyz", .respond { [self] _ in await readiness() }),
            Route("GET", "/metrics", .immediate { [self] _ in metrics() }),
            Route("GET", "/api/chat/info", .respond { [self] _ in await info() }),
        ]
    }

    private static func json(_ status: Int, _ fill: (inout JSONObjectBuilder) -> Void) -> HTTPResponse {
        var body: [UInt8] = []
        body.appendObject(fill)
        return HTTPResponse(
            status: status,
            fields: [
                HTTPField(name: "Content-Type", value: "application/json"),
                HTTPField(name: "Cache-Control", value: "no-store"),
            ], body: body)
    }

    /// Ready: the store answers and takes what is written, and nobody has asked to stop. A host that is not ready because its
    /// disk is full still serves those who read.
    private func readiness() async -> HTTPResponse {
        guard !isStopping.load(ordering: .relaxed) else {
            return Self.json(503) { $0.member("status", "draining") }
        }
        do {
            _ = try await kernel.head()
            guard kernel.isStoreWritable else {
                return Self.json(503) { $0.member("status", ChatError.Code.storeUnavailable.rawValue) }
            }
            return Self.json(200) { $0.member("status", "ready") }
        } catch {
            return Self.json(503) { $0.member("status", error.code.rawValue) }
        }
    }

    private func info() async -> HTTPResponse {
        let epoch = try? await kernel.head().epoch
        let store = kernel.store.guarantees
        return Self.json(200) { object in
            object.member("name", "chatd")
            object.member("version", Self.version)
            object.array("profiles") { profiles in
                profiles.element("v1")
                profiles.element("v2")
            }
            object.member("epoch", epoch.map { String($0.value, radix: 16) })
            object.member("registration", (kernel.authenticator as? any Accounts)?.acceptsRegistration ?? false)
            object.object("store") { object in
                object.member("durability", store.durability.rawValue)
                object.member("atomic_batch", store.atomicBatch)
                object.member("replayable", store.replayable)
                object.member("search", kernel.canSearch)
            }
            object.array("transports") { array in
                for promise in promises {
                    array.object { object in
                        object.member("type", promise.transport)
                        object.member("resume", promise.resume)
                        object.member("durability", promise.durability.rawValue)
                        object.member("guarantee", promise.sentence)
                    }
                }
            }
            object.object("limits") { object in
                object.member("message_bytes", kernel.limits.messageBytes)
                object.member("messages_per_user_per_second", kernel.limits.messagesPerUserPerSecond)
                object.member("typing_per_user_per_second", kernel.limits.typingPerUserPerSecond)
                object.member("connections_per_user", kernel.limits.sessionsPerUser)
                object.member("conversations_per_user", kernel.limits.membership.conversationsPerUser)
                object.member("members_per_conversation", kernel.limits.membership.membersPerConversation)
                object.member("participants", kernel.limits.participants)
                object.member("name_bytes", kernel.limits.nameBytes)
                object.member("description_bytes", kernel.limits.descriptionBytes)
                object.member("client_id_bytes", ClientID.limit)
                object.member("messages_kept_days", kernel.limits.retention.days)
                object.member("messages_kept", kernel.limits.retention.messages)
            }
        }
    }

    /// Prometheus' text format, version 0.0.4.
    private func metrics() -> HTTPResponse {
        var page = MetricsPage()
        let kernel = kernel.metrics.read()
        let http = counters.withLock { $0 }?.snapshot
        page.counter("chat_entries_committed_total", "Entries made durable.", kernel.committedEntries)
        page.counter("chat_batches_committed_total", "Batches committed.", kernel.committedBatches)
        page.counter("chat_batches_failed_total", "Batches the store refused.", kernel.failedBatches)
        page.counter("chat_commands_refused_total", "Commands refused before the store.", kernel.refusedCommands)
        page.counter("chat_signals_total", "Typing and presence notices.", kernel.signals)
        page.counter("chat_expiries_total", "Conversations that let go of old messages.", kernel.expiries)
        if let store = self.kernel.store as? any StoreThatFindsDamage {
            page.gauge(
                "chat_store_damaged", "Pieces of the store that are not as they were written.", store.damagedPieces)
        }
        page.gauge("chat_sessions_open", "Open sessions.", kernel.openSessions)
        page.gauge("chat_polls_waiting", "Requests that wait for something to happen.", kernel.waitingPolls)
        page.family("chat_limited_total", "Refusals by the limit that was met.", "counter")
        for limit in Limit.allCases {
            page.sample("chat_limited_total{limit=\"\(limit.rawValue)\"}", kernel.limited[limit] ?? 0)
        }
        page.sample("chat_limited_total{limit=\"connections\"}", http?.overLimit ?? 0)
        page.sample("chat_limited_total{limit=\"connections_per_address\"}", http?.overAddressLimit ?? 0)
        if let http {
            page.counter("chat_http_connections_accepted_total", "Connections accepted.", http.accepted)
            page.counter("chat_http_connections_refused_total", "Connections over a limit.", http.refused)
            page.gauge("chat_http_connections_open", "Open connections.", http.open)
            page.counter("chat_http_upgrades_total", "Upgrades to WebSocket.", http.upgraded)
            page.family("chat_tls_handshakes_total", "TLS handshakes that are over.", "counter")
            page.sample("chat_tls_handshakes_total{outcome=\"done\"}", http.handshakesDone)
            page.sample("chat_tls_handshakes_total{outcome=\"failed\"}", http.handshakesFailed)
            page.sample("chat_tls_handshakes_total{outcome=\"late\"}", http.handshakesLate)
            page.gauge("chat_tls_handshakes_open", "TLS handshakes under way.", http.handshakesOpen)
            page.counter("chat_tls_accept_rests_total", "Rests for too many handshakes.", http.handshakesFull)
            page.family("chat_http_answers_total", "Answers by class of status.", "counter")
            for (index, count) in http.answersByClass.enumerated() {
                page.sample("chat_http_answers_total{class=\"\(index + 1)xx\"}", count)
            }
        }
        return HTTPResponse(
            status: 200, fields: [HTTPField(name: "Content-Type", value: "text/plain; version=0.0.4; charset=utf-8")],
            body: Array(page.text.utf8))
    }
}

/// Lines of Prometheus' text format.
struct MetricsPage {
    private(set) var text = ""

    mutating func counter(_ name: String, _ help: String, _ value: Int) {
        family(name, help, "counter")
        sample(name, value)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, help, "gauge")
        sample(name, value)
    }

    mutating func family(_ name: String, _ help: String, _ kind: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func sample(_ name: String, _ value: Int) { text += "\(name) \(value)\n" }
}
