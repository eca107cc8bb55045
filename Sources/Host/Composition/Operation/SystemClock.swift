public import ChatKernel
import ChatNet

/// The machine's clocks.
public struct SystemClock: TimeSource {
    public init() {}

    public func wall() -> Timestamp { Timestamp(microseconds: SystemTime.wallMicroseconds()) }

    public func monotonic() -> Int64 { SystemTime.monotonicNanoseconds() }

    public func sleep(until deadline: Int64) async throws {
        try await Task.sleep(for: .nanoseconds(max(0, deadline - monotonic())))
    }
}

extension TimeSource where Self == SystemClock {
    /// The machine's clocks.
    public static var system: SystemClock { SystemClock() }
}
