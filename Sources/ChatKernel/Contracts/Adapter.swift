/// A store or transport that a config can name.
///
/// `type` is the word in the config; `Settings` decodes itself from the adapter's own JSON object, with the defaults
/// of what is left out. The host validates the whole file before anything is opened.
public protocol Adapter: Sendable {
    associatedtype Settings: Decodable & Sendable
    static var type: String { get }
}

public protocol StoreAdapter: Adapter {
    /// What a store with these settings will promise, so that a config which requires more is refused before anything is opened.
    /// Nil, unless an adapter says otherwise: only the open store knows, and the host asks it at the start.
    static func guarantees(of settings: Settings) -> StoreGuarantees?
    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store
}

extension StoreAdapter {
    public static func guarantees(of settings: Settings) -> StoreGuarantees? { nil }
}

public protocol TransportAdapter: Adapter {
    /// What its clients may count on.
    static var guarantees: TransportGuarantees { get }
    static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport
}

/// What the host lends an adapter.
public struct AdapterContext: Sendable {
    /// Relative paths in settings are taken from here. Absolute, no slash at the end.
    public let directory: String
    public let time: any TimeSource
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
