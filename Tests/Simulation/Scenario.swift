import ChatKernel

/// What one seed's world is like. Each seed draws its own, because a world in which everything goes wrong at once hides
/// what goes wrong rarely.
struct Scenario {
    let users: Int
    let devices: Int
    let loops: [LoopHabit]
    let limits: KernelLimits
    let faults: FaultyStore.Faults
    /// How many frames a device's socket takes before the session behind it lags.
    let socketFrames: Int
    /// Parcels are lost, doubled, delayed and cut anew on their way to a session, as between hosts they are. A last
    /// message in each conversation shows what is missing.
    let isLossy: Bool
    /// Of each of the driver's doings, how often it comes up.
    let weights: [(doing: Doing, weight: Int)]
    /// How many jobs at most run between two doings.
    let pace: Int

    init(_ random: inout SplitMix64) {
        users = random.within(2...5)
        devices = random.within(2...8)
        loops = (0..<random.within(1...3)).map { _ in random.pick(LoopHabit.allCases) ?? .prompt }
        var limits = KernelLimits()
        limits.pageEntries = random.pick([1, 2, 3, 6, 100, 100]) ?? 100
        limits.heldEntries = random.pick([1, 1, 2, 4, 12]) ?? 12
        limits.sessionsPerUser = random.chance(300) ? random.within(1...3) : 0
        limits.messagesPerUserPerSecond = random.chance(300) ? random.within(1...4) : 0
        if random.chance(200) { limits.queuedCommands = random.within(1...6) }
        if random.chance(300) { limits.retention = Retention(messages: random.within(1...8)) }
        self.limits = limits
        var faults = FaultyStore.Faults()
        faults.waits = random.pick([0, 50, 200, 600]) ?? 0
        faults.failedCommits = random.pick([0, 0, 30, 200]) ?? 0
        faults.failedReads = random.pick([0, 0, 30, 200]) ?? 0
        self.faults = faults
        socketFrames = random.within(1...12)
        isLossy = random.chance(250)
        weights = Doing.allCases.map { doing in
            (doing, doing.weight * (random.pick([1, 2, 2, 4]) ?? 1) / (random.chance(150) ? 4 : 1))
        }
        pace = random.within(1...12)
    }
}

/// When a loop reports that it has sent a batch.
enum LoopHabit: CaseIterable {
    /// When it has handled it.
    case prompt
    /// Some time later.
    case late
    /// Never in words: it lets go of the batch.
    case lettingGo
    /// Not before the end.
    case never
}

/// One thing the driver does.
enum Doing: String, CaseIterable {
    case connect, drop, follow, unfollow
    case post, repost, edit, delete, react, read, type, member, expel, create, update, ask
    case handle, flush, report, drain, answer
    case release, wait, waitLong, jumpWall, fillDisk
    case subscribe, take, unsubscribe
    case setOut, travel, tidyBoxes
    case expire
    case crash, restart, rest

    var weight: Int {
        switch self {
        case .handle, .drain, .answer: 100
        case .post: 80
        case .flush: 60
        case .report, .release: 50
        case .wait: 40
        case .take: 30
        case .travel: 40
        case .setOut, .tidyBoxes, .expire: 5
        case .member, .follow: 30
        case .connect, .repost, .ask: 20
        case .edit, .delete, .react, .read, .type, .drop, .subscribe, .expel: 10
        case .unfollow, .unsubscribe, .create, .update, .waitLong: 4
        case .jumpWall, .fillDisk: 2
        case .crash: 3
        case .restart, .rest: 2
        }
    }
}
