import ChatKernel

/// One seed's world: a disk, a host that lives several lives on it, and clients who never give up. One thread, one
/// generator of random numbers; whatever happens follows from the seed.
final class World {
    let scenario: Scenario
    let executor = ManualExecutor()
    let time = SimulatedTime()
    let disk: Disk
    let users: [UserReference]
    let devices: [Device]
    var random: SplitMix64
    var life: Life
    var pastLives: [Life] = []
    var followings: [Int: Following] = [:]
    var letters: [Letter] = []
    var attempts: [Attempt] = []
    var readings: [Reading] = []
    var travellers: [Traveller] = []
    /// Links and store behave: the world comes to rest.
    var isCalm = true
    private(set) var failure: String?
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private let trace: ((String) -> Void)?
    private var doings = 0
    private var lastNumber = 0

    init(seed: UInt64, trace: ((String) -> Void)?) {
        var random = SplitMix64(seed: seed)
        scenario = Scenario(&random)
        disk = Disk(epoch: Epoch(random.next()))
        let names = ["ann", "bob", "cat", "dan", "eve"]
        users = names.prefix(scenario.users).map { UserReference(id: UserID($0), username: $0) }
        let users = users
        devices = (0..<scenario.devices).map { Device(number: $0, user: users[$0 % users.count]) }
        life = Life(number: 0, disk: disk, scenario: scenario, time: time, on: executor, random: &random)
        self.random = random
        self.trace = trace
    }

    /// Lives for so many doings, comes to rest, and is judged.
    func live(doings limit: Int) {
        settleIn()
        isCalm = false
        let total = scenario.weights.reduce(0) { $0 + $1.weight }
        while doings < limit, failure == nil {
            doings += 1
            runJobs(random.below(scenario.pace + 1))
            var ticket = random.below(total)
            for (doing, weight) in scenario.weights {
                ticket -= weight
                if ticket < 0 {
                    perform(doing)
                    break
                }
            }
            checkAlways()
        }
        if failure == nil { end() }
        if failure != nil, let trace {
            for entry in history({ $0.entries }) {
                trace("log\tpos \(entry.pos) seq \(entry.seq)\t\(entry.author.username)\t\(entry.change)")
            }
        }
        abandon()
    }

    /// Accounts and a first conversation, before anything can go wrong.
    private func settleIn() {
        life.store.change { $0 = FaultyStore.Faults() }
        for user in users {
            let account = User(id: user.id, username: user.username, createdAt: time.wall())
            _ = try? executor.finish { [disk] in try await disk.store.save(account) }
        }
        let owner = users[0].id
        let others = users.dropFirst().map(\.id)
        for name in ["first", "second"].prefix(random.within(1...2)) {
            _ = try? executor.finish { [kernel = life.kernel] in
                try await kernel.perform(
                    .createConversation(ConversationDetails(name: name, isGroup: true), participants: others),
                    as: owner)
            }
        }
        life.lastTried[owner] = time.monotonic()
        life.store.change { [faults = scenario.faults] in $0 = faults }
    }

    /// Whatever the end was, every task comes to its own.
    private func abandon() {
        for reading in readings where !reading.isOver { reading.stop(cancelling: true) }
        for life in pastLives + [life] {
            life.run.cancel()
            life.store.die()
            for loop in life.loops { loop.unreported = [] }
        }
        executor.runUntilIdle(limit: 100_000)
    }

    // MARK: Small things

    func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    func runJobs(_ count: Int) {
        for _ in 0..<count where !executor.step(choosing: { random.below($0) }) { return }
    }

    func history<T>(_ read: (borrowing History) -> T) -> T { disk.history(read) }

    var connections: [Connection] { devices.compactMap(\.connection) }

    func randomRoom() -> ConversationID? {
        let rooms = history { $0.rooms }
        return random.pick(rooms)
    }

    // MARK: What happened

    func note(_ what: StaticString, _ numbers: Int...) {
        for number in numbers + [what.utf8CodeUnitCount] {
            digest = (digest ^ UInt64(bitPattern: Int64(number))) &* 0x100_0000_01B3
        }
        guard let trace else { return }
        let milliseconds = Double(time.monotonic() / 1000) / 1000
        trace("\(doings)\t\(milliseconds) ms\t\(what)\t\(numbers.map(String.init).joined(separator: " "))")
    }

    /// The first thing that should not have happened.
    func fail(_ what: String) {
        if failure == nil {
            failure = "after \(doings) doings: \(what)"
            trace?("\(doings)\tFAILED\t\(what)")
        }
    }
}
