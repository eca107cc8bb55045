import ChatHost
import ChatKernel
import Synchronization

/// A wall clock that stands still until it is set. Monotonic time is the machine's.
final class TestTime: TimeSource {
    private let now: Mutex<Timestamp>

    /// 2026-01-01T00:00:00Z
    static let start = Timestamp(microseconds: 1_767_225_600_000_000)

    init(_ start: Timestamp = TestTime.start) { now = Mutex(start) }

    func set(_ time: Timestamp) { now.withLock { $0 = time } }

    func wall() -> Timestamp { now.withLock { $0 } }
    func monotonic() -> Int64 { SystemClock().monotonic() }
    func sleep(until deadline: Int64) async throws { try await SystemClock().sleep(until: deadline) }
}

/// Goes ten thousand times as fast as the machine's: what is merged over milliseconds is told at once.
final class FastTime: TimeSource {
    private static let pace: Int64 = 10_000
    private let start = SystemClock().monotonic()

    func wall() -> Timestamp { SystemClock().wall() }
    func monotonic() -> Int64 { start + (SystemClock().monotonic() - start) * Self.pace }
    func sleep(until deadline: Int64) async throws {
        try await SystemClock().sleep(until: start + (deadline - start) / Self.pace)
    }
}

/// Keeps the lines of a log.
final class RecordingLog: LogSink {
    struct Line: Sendable {
        let level: LogLevel
        let message: String
        let fields: [String: String]
    }

    private let kept = Mutex<[Line]>([])
    var lines: [Line] { kept.withLock { $0 } }

    func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        let line = Line(
            level: level, message: message, fields: Dictionary(fields.map { ($0.name, $0.value) }) { $1 })
        kept.withLock { $0.append(line) }
    }
}
