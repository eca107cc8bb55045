/// A store or transport that a config can name.
///
/// `type` is the word in the config; `Settings` decodes itself from the adapter's own JSON object, with the defaults
/// of what is left out. The host validates the whole file before anything is opened.
public protocol Adapter: Sendable {
    /// Throw from `init(from:)` for a value that will not do: the host reports it with its place in the file, together
    /// with all else that is wrong. A key that is never asked for is reported too.
    associatedtype Settings: Decodable & Sendable
    /// As the config writes it. Of two stores, or two transports, with the same word a catalog has the one added last.
    static var type: String { get }
}

/// Opens a store for a host: what `store.type` of a config names.
public protocol StoreAdapter: Adapter {
    /// What a store with these settings will promise, so that a config which requires more is refused before anything
    /// is opened. Nil, which is the default: only the open store knows, and the host asks it at the start.
    static func guarantees(of settings: Settings) -> StoreGuarantees?
    /// Opens the store, and makes it where there is none yet.
    ///
    /// Called once, before any transport is made; the host closes what it was given (``Store/close()``), also when it
    /// fails to start after this. With ``AdapterContext/Purpose/administering`` nothing but ``Store/users(_:limit:)``,
    /// ``Store/save(_:)`` and ``Store/close()`` is asked.
    /// - Throws: a ``StoreError``, whose detail the operator reads. The host does not start.
    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store
}

extension StoreAdapter {
    public static func guarantees(of settings: Settings) -> StoreGuarantees? { nil }
}

/// Makes a transport for a host: what a `type` among `transports` of a config names.
public protocol TransportAdapter: Adapter {
    /// What its clients may count on, whatever the settings: judged with the store's by what the config requires,
    /// before anything is opened.
    static var guarantees: TransportGuarantees { get }
    /// Makes the transport; its work begins with ``Transport/run(serving:)``.
    ///
    /// Called once the store is open, and before the host binds its ports. One that is `HTTPMounted` serves on the
    /// host's own.
    /// - Throws: anything: the host does not start, and throws it.
    static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport
}

/// What the host lends an adapter.
public struct AdapterContext: Sendable {
    /// Relative paths in settings are taken from here. Absolute, no slash at the end.
    public let directory: String
    /// The clock of the host and its kernel: for all that is timed, so that a test can hold it.
    public let time: any TimeSource
    /// Where the host's own lines go.
    public let log: any LogSink
    /// What the adapter is opened for.
    public let purpose: Purpose

    public enum Purpose: Sendable {
        /// To serve: a store may have only one such host.
        case serving
        /// To look at accounts and change them, perhaps beside a host that serves: no exclusive claim.
        case administering
    }

    public init(
        directory: String, time: any TimeSource, log: any LogSink, purpose: Purpose = .serving
    ) {
        self.directory = directory
        self.time = time
        self.log = log
        self.purpose = purpose
    }

    /// A path of the settings, made absolute.
    public func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : directory + "/" + path }
}
