import ChatHTTP1
import ChatNet

/// The value of `Date`, made once a second. One for each loop, and used on that loop only: hence `@unchecked Sendable`.
final class DateClock: @unchecked Sendable {
    private var second: Int64 = -1
    private var text = ""

    func now() -> String {
        let current = SystemTime.wallMicroseconds() / 1_000_000
        if current != second {
            second = current
            text = HTTPDate.string(unixSeconds: current)
        }
        return text
    }
}
