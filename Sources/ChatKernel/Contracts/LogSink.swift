/// Where log lines go. A value passed in, never a global.
///
/// ## For adapter authors
/// Called from any thread, from several at once; must not block for long. Callers put no token, password or message
/// content into it. A value may hold what a peer sent, line breaks included: a sink that writes lines escapes them.
public protocol LogSink: Sendable {
    /// One line: a sentence, and what it is about. Called for levels too that ``takes(_:)`` refuses: drop those here.
    func log(_ level: LogLevel, _ message: String, _ fields: [LogField])

    /// Whether lines of this level go anywhere: asked before those are made that come with each request. True by default.
    func takes(_ level: LogLevel) -> Bool
}

/// How much a line matters. The raw values are the words of the config's `log.level`.
public enum LogLevel: String, Sendable, Comparable, CaseIterable {
    /// What comes with each request or connection: only while somebody looks for something.
    case debug
    /// The life of the host: begun, listening, stopped.
    case info
    /// Something is not as it should be, and is dealt with.
    case warning
    /// Something failed or is lost, and somebody should look.
    case error

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}

/// One thing that a line is about, in a form that machines can tell from the sentence.
public struct LogField: Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = value.description
    }
}

extension LogSink {
    public func takes(_ level: LogLevel) -> Bool { true }

    public func info(_ message: String, _ fields: LogField...) { log(.info, message, fields) }
    public func warning(_ message: String, _ fields: LogField...) { log(.warning, message, fields) }
    public func error(_ message: String, _ fields: LogField...) { log(.error, message, fields) }
}

/// Says nothing.
public struct SilentLog: LogSink {
    public init() {}
    public func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {}
    public func takes(_ level: LogLevel) -> Bool { false }
}
