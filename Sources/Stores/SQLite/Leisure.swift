/// When the writer has time for what can wait for hours: whenever nobody has asked it for anything for a moment, and
/// otherwise a small share of its time, so that what waits is done at last also where there never is a quiet moment.
///
/// Time in nanoseconds of a clock that does not go backwards.
struct Leisure {
    private let quiet: Int64
    private let share: Int64
    private var quietAt: Int64 = 0
    private var restedAt: Int64 = 0

    init(_ tuning: Tuning) {
        quiet = tuning.quietNanoseconds
        share = max(1, tuning.leisureShare)
    }

    mutating func wasAsked(at now: Int64) { quietAt = now &+ quiet }

    mutating func worked(from start: Int64, to end: Int64) { restedAt = end &+ (share &- 1) &* max(0, end &- start) }

    /// How long there is no time yet; 0 when there is.
    func wait(at now: Int64) -> Int64 { max(0, min(quietAt, restedAt) &- now) }
}
