import CLinux
import ChatAuth
import ChatHTTP1
import ChatHTTPServer
public import ChatKernel
import ChatNet
import ChatWire
import Synchronization

/// A whole chat server from one config.
///
/// ```swift
/// let host = try Host(
///     configuration: "chat.json", catalog: .standard.adding(MyStoreAdapter.self),
///     environment: ProcessInfo.processInfo.environment)
/// try await host.run()
/// ```
///
/// A product whose users are its own brings an ``ChatKernel/Authenticator``; the config then has no `auth`:
///
/// ```swift
/// let host = try Host(configuration: "chat.json") { store in MyAuthenticator(users: store) }
/// ```
public final class Host: Sendable {
    public static let version = Operation.version

    let configuration: HostConfiguration
    let log: any LogSink
    private let time: any TimeSource
    private let environment: [String: String]
    private let authenticator: AuthenticatorMaking?
    private let ready = Mutex<@Sendable (Running) -> Void>({ _ in })
    private let server = Mutex<HTTPServer?>(nil)
    private let tls = Mutex<TLSContext?>(nil)
    private let stopsEarly = Atomic(false)
    /// Why a transport gave up, when one did.
    private let failure = Mutex<Failure?>(nil)

    /// Makes an authenticator over the store, which is open and belongs to the host.
    public typealias AuthenticatorMaking = @Sendable (any Store) async throws -> any Authenticator

    /// What a host is once it serves.
    public struct Running: Sendable {
        /// `http://127.0.0.1:8000`: the first of ``urls``.
        public let url: String
        /// All it serves: `http.listen` first, then `http.tls.listen`.
        public let urls: [String]
        public let kernel: Kernel
        /// Each transport, with what it promises on this store.
        public let promises: [String]
    }

    /// Why a host could not start or go on: one sentence.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// - Parameters:
    ///   - path: of the config. Relative paths in it are taken from its folder.
    ///   - catalog: the adapters that it may name.
    ///   - environment: the variables that win over the file, and those that hold its secrets (`{"env": "NAME"}`): the process's own
    ///     are not looked at unless they are given.
    ///   - authenticator: says who is who, in place of the config's `auth`.
    /// - Throws: ``ConfigProblems`` with everything that is wrong in the file.
    public convenience init(
        configuration path: String, catalog: AdapterCatalog = .standard, environment: [String: String] = [:],
        authenticator: AuthenticatorMaking? = nil
    ) throws {
        let configuration = try HostConfiguration(reading: path, environment: environment, catalog: catalog)
        self.init(configuration, environment: environment, authenticator: authenticator)
    }

    /// - Parameters:
    ///   - configuration: read already.
    ///   - environment: as the configuration was read with.
    ///   - log: where it writes, in place of what the config says of `log`.
    ///   - time: the clock of all that it does.
    ///   - authenticator: says who is who, in place of the config's `auth`.
    public init(
        _ configuration: HostConfiguration, environment: [String: String] = [:], log: (any LogSink)? = nil,
        time: any TimeSource = .system, authenticator: AuthenticatorMaking? = nil
    ) {
        self.configuration = configuration
        self.environment = environment
        self.authenticator = authenticator
        self.time = time
        self.log = log ?? StreamLog(configuration.log.resolvedForm, from: configuration.log.level, time: time)
    }

    /// Calls `body` when the host serves.
    public func whenReady(_ body: @escaping @Sendable (Running) -> Void) { ready.withLock { $0 = body } }

    /// Stops in order: accept no more, tell the clients to come back, finish what was accepted, close the store. ``run()``
    /// returns when that is done, or when the time for it has run out.
    public func stop() {
        stopsEarly.store(true, ordering: .sequentiallyConsistent)
        server.withLock { $0 }?.drain()
    }

    /// Reads again what may change while it serves: the certificate and its key. New connections get the new one, those under way keep
    /// theirs. May be called at any time and from any thread; it reads files.
    ///
    /// - Returns: false when the files will not do. Then the old certificate stays, and the log says what is wrong.
    @discardableResult
    public func reload() -> Bool {
        guard let tls = tls.withLock({ $0 }) else {
            log.info("nothing to reload: there is no TLS")
            return true
        }
        do throws(TLSProblems) {
            try tls.reload()
            note(tls.certificate, "the certificate is reloaded")
            return true
        } catch {
            for problem in error.all {
                log.error("the certificate stays as it was", LogField("problem", "\(problem.asConfigured)"))
            }
            return false
        }
    }

    private func note(_ certificate: TLSCertificate, _ message: String) {
        log.info(message, LogField("lastDay", certificate.lastDay))
        for warning in certificate.warnings { log.warning("tls", LogField("warning", "\(warning.asConfigured)")) }
    }

    /// Serves until stopped or cancelled.
    /// - Throws: ``Failure`` or ``ConfigProblems`` when it cannot start.
    public func run() async throws {
        let context = AdapterContext(directory: configuration.directory, time: time, log: log)
        let store = try await configuration.open(in: context)
        do {
            try await serve(store, context)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        log.info("stopped")
    }

    private func serve(_ store: any Store, _ context: AdapterContext) async throws {
        let authenticator = try await identify(over: store)
        var kernelLimits = configuration.kernelLimits
        kernelLimits.messageBytes = min(kernelLimits.messageBytes, store.guarantees.largestContent)
        let kernel = Kernel(
            store: store, authenticator: authenticator, time: time, limits: kernelLimits, random: Randomness.words(),
            log: log)
        let promises = configuration.transports.map {
            Promise(transport: $0.name, $0.guarantees, on: store.guarantees)
        }
        // Of a store that says only now what it promises.
        let unkept = Promise.unkept(configuration.require, by: promises)
        guard unkept.isEmpty else { throw ConfigProblems(unkept) }
        guard kernelLimits.retention.isNone || store is any StoreWithRetention else {
            throw ConfigProblems([
                ConfigProblem(
                    path: "limits",
                    text: "messagesKeptDays and messagesKept: this store keeps everything; only 0 is possible")
            ])
        }

        var transports: [any Transport] = []
        for transport in configuration.transports { transports.append(try await transport.open(context)) }
        let operation = Operation(kernel: kernel, promises: promises)
        let routes = transports.compactMap { $0 as? any HTTPMounted }.flatMap { $0.routes(serving: kernel) }
        let tls = try configuration.openTLS()
        if let tls { note(tls.certificate, "certificate") }
        self.tls.withLock { $0 = tls }
        let server = try makeServer(tls, routes + operation.routes + Page.routes, operation)
        operation.counters.withLock { $0 = server.counters }
        let urls = try bind(server)
        self.server.withLock { $0 = server }
        if stopsEarly.load(ordering: .sequentiallyConsistent) { server.drain() }

        for url in urls { log.info("listening", LogField("url", url)) }
        for promise in promises {
            log.info("promise", LogField("transport", promise.transport), LogField("means", promise.sentence))
        }
        let announce = ready.withLock { $0 }
        announce(
            Running(
                url: urls[0], urls: urls, kernel: kernel,
                promises: promises.map { "\($0.transport): \($0.sentence)" }))

        // Left in this order: the server with its connections, then what the transports do beside it, and last the
        // kernel, which commits what it had accepted.
        async let _: Void = kernel.run()
        try await withThrowingDiscardingTaskGroup { group in
            for (transport, promise) in zip(transports, promises) {
                group.addTask { [self] in
                    do {
                        try await transport.run(serving: kernel)
                    } catch is CancellationError {
                    } catch {
                        // One way in less is not what was asked for: the host stops, in order, and says why.
                        failure.withLock { $0 = $0 ?? Failure("\(promise.transport): \(error)") }
                        server.drain()
                    }
                }
            }
            defer { group.cancelAll() }
            try await server.run()
        }
        kernel.drain()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private func identify(over store: any Store) async throws -> any Authenticator {
        guard let authenticator else {
            return try configuration.authority(over: store, time: time, log: log, environment: environment)
        }
        guard !configuration.hasAuth else {
            throw ConfigProblems([
                ConfigProblem(path: "auth", text: "this host knows its users by itself; leave it out")
            ])
        }
        return try await authenticator(store)
    }

    private func makeServer(
        _ tls: TLSContext?, _ routes: [Route], _ operation: Operation
    ) throws -> HTTPServer {
        let granted = DescriptorLimit.raise()
        log.info("descriptors", LogField("limit", granted))
        var limits = HTTPServerLimits()
        limits.connections = configuration.limits.connections
        limits.connectionsPerAddress = configuration.limits.connectionsPerAddress
        let longest = WireLimits.document(content: configuration.kernelLimits.messageBytes)
        limits.request.bodyBytes = max(limits.request.bodyBytes, longest)
        limits.drainTimeout = .seconds(configuration.http.drainSeconds)
        let log = log
        return try HTTPServer(
            points: configuration.listenPoints(tls),
            loops: EventLoopGroup(count: configuration.http.loops == 0 ? nil : configuration.http.loops),
            limits: limits, fixedFields: Page.securityFields,
            secureFields: Page.secureFields(for: configuration.http.tls),
            origins: OriginPolicy(allowed: configuration.http.allowedOrigins), routes: routes,
            errorBody: ErrorBody.make, tellsAnswers: log.takes(.debug)
        ) { event in
            if case .draining = event { operation.isStopping.store(true, ordering: .relaxed) }
            log.note(event)
        }
    }

    private func bind(_ server: HTTPServer) throws -> [String] {
        do {
            let addresses = try server.bind()
            return zip(addresses, server.points).map { "\($1.tls == nil ? "http" : "https")://\($0)" }
        } catch {
            throw Failure("\(configuration.setting(of: error)): \(error)")
        }
    }
}

extension LogSink {
    fileprivate func note(_ event: HTTPServerEvent) {
        switch event {
        case .answered(let method, let path, let status, let nanoseconds, let peer) where takes(.debug):
            log(
                .debug, "answered",
                [
                    LogField("method", method), LogField("path", path), LogField("status", status),
                    LogField("us", nanoseconds / 1000), LogField("peer", peer),
                ])
        case .violation(let status, let detail, let peer) where takes(.debug):
            log(.debug, "violation", [LogField("status", status), LogField("detail", detail), LogField("peer", peer)])
        case .handshakeFailed(let failure, let peer):
            log(.debug, "TLS handshake failed", [LogField("reason", failure.description), LogField("peer", peer)])
        case .handshakesFull: warning("accepting rests: too many TLS handshakes under way")
        case .refused(let peer): warning("connection refused: too many", LogField("peer", peer))
        case .acceptTrouble(let error): warning("accepting rests", LogField("reason", "\(error)"))
        case .draining: info("draining")
        case .listening, .answered, .violation: break
        }
    }
}
