import CLinux

/// The two clocks of the machine, as plain integers. Drivers read them; cores are told.
public enum SystemTime {
    /// Nanoseconds since some moment in the past, never going back. For intervals and deadlines.
    public static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Microseconds since 1970-01-01T00:00:00Z. May jump when somebody sets the clock.
    public static func wallMicroseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1_000
    }
}
