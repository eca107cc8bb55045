import ChatNet
import Testing

/// The tick is 67 ms: a deadline is never early and at most one tick late.
struct DeadlineWheelTests {
    private let second: Int64 = 1_000_000_000

    private func fired(_ wheel: inout DeadlineWheel, at now: Int64) -> [Int32] {
        var fired: [Int32] = []
        wheel.expire(now: now, into: &fired)
        return fired
    }

    @Test func aDeadlineIsNeverEarlyAndAtMostATickLate() {
        var wheel = DeadlineWheel(now: 0)
        wheel.set(7, to: second)
        #expect(fired(&wheel, at: second) == [])
        #expect(fired(&wheel, at: second + DeadlineWheel.tick) == [7])
        #expect(wheel.deadline(of: 7) == nil)
        #expect(fired(&wheel, at: 100 * second) == [])
    }

    @Test func aDeadlineMovedLaterFiresOnceAndLater() {
        var wheel = DeadlineWheel(now: 0)
        for step in 0..<1000 { wheel.set(1, to: second + Int64(step)) }
        wheel.set(1, to: 9 * second)
        #expect(fired(&wheel, at: 8 * second) == [])
        #expect(fired(&wheel, at: 10 * second) == [1])
        #expect(wheel.nextLook == nil)
    }

    @Test func aDeadlineMovedEarlierFiresEarlier() {
        var wheel = DeadlineWheel(now: 0)
        wheel.set(1, to: 4 * second)
        wheel.set(1, to: second)
        #expect(fired(&wheel, at: 2 * second) == [1])
        #expect(fired(&wheel, at: 20 * second) == [])
    }

    @Test func aClearedDeadlineDoesNotFire() {
        var wheel = DeadlineWheel(now: 0)
        wheel.set(1, to: second)
        wheel.set(2, to: second)
        wheel.set(1, to: nil)
        #expect(fired(&wheel, at: 2 * second) == [2])
    }

    @Test func farDeadlinesSurviveManyTurnsOfTheWheel() {
        var wheel = DeadlineWheel(now: 5 * second)
        wheel.set(3, to: 80 * second)
        var now = 5 * second
        while let look = wheel.nextLook {
            #expect(look > now)
            now = look
            let due = fired(&wheel, at: now)
            #expect(due == (now >= 80 * second ? [3] : []))
        }
        #expect(now >= 80 * second && now <= 80 * second + DeadlineWheel.tick)
    }

    @Test func aLoopThatSleptForAnHourFindsAllThatIsDue() {
        var wheel = DeadlineWheel(now: 0)
        for slot in 0..<500 { wheel.set(Int32(slot), to: Int64(slot) * second) }
        #expect(fired(&wheel, at: 3600 * second).sorted() == (0..<500).map(Int32.init))
    }

    @Test func aDeadlineInThePastFiresAtTheNextLook() throws {
        var wheel = DeadlineWheel(now: 10 * second)
        wheel.set(1, to: second)
        let look = try #require(wheel.nextLook)
        #expect(look <= 10 * second + DeadlineWheel.tick)
        #expect(fired(&wheel, at: look) == [1])
    }

    /// Against the plainest possible list, with a fixed sequence of pseudo-random moves.
    @Test func itAgreesWithAPlainList() {
        var state: UInt64 = 42
        func random(_ bound: UInt64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 33) % bound)
        }
        var now: Int64 = 0
        var wheel = DeadlineWheel(now: now)
        var list: [Int32: Int64] = [:]
        for _ in 0..<20_000 {
            let slot = Int32(random(40))
            switch random(4) {
            case 0:
                wheel.set(slot, to: nil)
                list[slot] = nil
            case 1, 2:
                let due = now + random(8_000_000_000)
                wheel.set(slot, to: due)
                list[slot] = due
            default:
                now += random(500_000_000)
                let seen = fired(&wheel, at: now)
                let nowTick = now / DeadlineWheel.tick
                let expected = list.filter { $0.value / DeadlineWheel.tick + 1 <= nowTick }.keys
                #expect(Set(seen) == Set(expected) && seen.count == expected.count)
                for slot in seen { list[slot] = nil }
            }
            #expect(wheel.deadline(of: slot) == list[slot])
        }
    }
}
