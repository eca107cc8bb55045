import ChatKernel
import Testing

private let second: Int64 = 1_000_000_000

@Suite("Rate limiter")
struct RateLimiterTests {
    private func granted(_ limiter: inout RateLimiter<String>, _ key: String = "ann", tries: Int, now: Int64) -> Int {
        var granted = 0
        for _ in 0..<tries where limiter.take(key, now: now) == nil { granted += 1 }
        return granted
    }

    @Test("A burst of as many as the rate, and no more")
    func burst() {
        var limiter = RateLimiter<String>(perSecond: 10)
        #expect(granted(&limiter, tries: 50, now: 0) == 10)
    }

    @Test("The allowance comes back evenly")
    func comesBack() {
        var limiter = RateLimiter<String>(perSecond: 10)
        _ = granted(&limiter, tries: 10, now: 0)
        #expect(granted(&limiter, tries: 5, now: second / 10) == 1)
        #expect(granted(&limiter, tries: 50, now: second / 2) == 4)
        #expect(granted(&limiter, tries: 50, now: 10 * second) == 10)
    }

    @Test("A refusal says how long to wait, and then there is one")
    func wait() throws {
        var limiter = RateLimiter<String>(perSecond: 4)
        _ = granted(&limiter, tries: 4, now: 0)
        let refused = limiter.take("ann", now: 0)
        let wait = try #require(refused)
        #expect(wait == second / 4)
        let tooSoon = limiter.take("ann", now: wait - 1)
        let inTime = limiter.take("ann", now: wait)
        #expect(tooSoon == 1)
        #expect(inTime == nil)
    }

    @Test("One a second")
    func one() {
        var limiter = RateLimiter<String>(perSecond: 1)
        #expect(granted(&limiter, tries: 3, now: 0) == 1)
        #expect(granted(&limiter, tries: 3, now: second) == 1)
    }

    @Test("Each key has its own")
    func keys() {
        var limiter = RateLimiter<String>(perSecond: 2)
        _ = granted(&limiter, "ann", tries: 9, now: 0)
        #expect(granted(&limiter, "bob", tries: 9, now: 0) == 2)
    }

    @Test("No limit", arguments: [0, -1])
    func noLimit(rate: Int) {
        var limiter = RateLimiter<String>(perSecond: rate)
        #expect(granted(&limiter, tries: 1000, now: 0) == 1000)
    }

    @Test("At its capacity it refuses new keys until old ones are whole again")
    func capacity() {
        var limiter = RateLimiter<String>(perSecond: 2, capacity: 2)
        _ = granted(&limiter, "ann", tries: 1, now: 0)
        _ = granted(&limiter, "bob", tries: 1, now: 0)
        #expect(granted(&limiter, "cat", tries: 1, now: 1) == 0)
        #expect(granted(&limiter, "ann", tries: 1, now: 1) == 1)
        #expect(granted(&limiter, "cat", tries: 1, now: second) == 1)
    }
}
