import ChatHTTP1
import ChatNet

/// The value of `Date`, made once a second. One for each loop, and used on that loop only: hence `@unchecked Sendable`.
///
/// The wall clock is looked at again when its second is over by the loop's, so a clock that was set is noticed within a second.
final class DateClock: @unchecked Sendable {
    /// Since 1970.
    private var second: Int64 = 0
    /// In the loop's monotonic nanoseconds.
    private var isOverAt = Int64.min
    private var text = ""

    /// Which second it is.
    /// - Parameter now: the loop's time.
    func second(now: Int64) -> Int64 {
        if now >= isOverAt {
            let wall = SystemTime.wallMicroseconds()
            second = wall / 1_000_000
            isOverAt = now + (1_000_000 - wall % 1_000_000) * 1000
            text = HTTPDate.string(unixSeconds: second)
        }
        return second
    }

    func text(now: Int64) -> String {
        _ = second(now: now)
        return text
    }
}
