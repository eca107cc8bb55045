import ChatKernel
import Synchronization

/// One life of the host: from its start to its crash, or to its end.
final class Life {
    let number: Int
    let kernel: Kernel
    let store: FaultyStore
    let loops: [Loop]
    let answers = Tray<Answer>()
    let run: Task<Void, Never>
    private let returned = Tray<Bool>()
    /// When each user's commands were let in, and when it last tried: what the rate limit is measured by.
    var admissions: [UserID: [Int64]] = [:]
    var lastTried: [UserID: Int64] = [:]

    init(
        number: Int, disk: Disk, scenario: Scenario, time: SimulatedTime, on executor: ManualExecutor,
        random: inout SplitMix64
    ) {
        self.number = number
        store = FaultyStore(disk: disk, faults: scenario.faults, random: random.fork())
        let bits = Dice(random.fork())
        kernel = Kernel(
            store: store, authenticator: Nobody(), time: time, limits: scenario.limits,
            random: { bits.roll() })
        loops = scenario.loops.map { Loop(habit: $0, disk: disk) }
        run = executor.start { [kernel, returned] in
            await kernel.run()
            returned.put(true)
        }
    }

    /// Whether the kernel's ``Kernel/run()`` has come to its end.
    var hasReturned: Bool { returned.count > 0 }
}

/// Random bits for the kernel.
private final class Dice: Sendable {
    private let random: Mutex<SplitMix64>

    init(_ random: SplitMix64) { self.random = Mutex(random) }

    func roll() -> UInt64 { random.withLock { $0.next() } }
}

/// What a task of the driver's came back with.
enum Answer: Sendable {
    case joined(following: Int, Result<Standing, ChatError>)
    case page(following: Int, Result<Kernel.LogPage, ChatError>)
    case performed(attempt: Int, Result<Reply, ChatError>)
    case events(Int, Result<Kernel.EventPage, ChatError>)
    case messages(UserID, ConversationID, Result<[Message], ChatError>)
}

/// A loop of a transport: what the kernel hands it waits until the driver lets it work.
final class Loop {
    let habit: LoopHabit
    let outlet: Intake
    var connections: [Connection] = []
    /// Handled, and not reported.
    var unreported: [Batch] = []
    /// What one round of the loop gathered.
    var gathered: [Submission] = []
    /// The last number that came of each conversation.
    var reached: [ConversationID: Seq] = [:]
    /// What it was told is not kept any more.
    var firstSeqs: [ConversationID: Seq] = [:]
    /// The mail of the users who are followed here.
    var room = Mailroom()

    init(habit: LoopHabit, disk: Disk) {
        self.habit = habit
        outlet = Intake(disk: disk)
    }
}

/// The loop's side towards the kernel.
final class Intake: Outlet {
    enum Item: Sendable {
        /// `head` is what the disk held when the kernel showed the batch.
        case batch(Batch, head: Pos)
        case signal(Signal)
    }

    let items = Tray<Item>()
    private let disk: Disk

    init(disk: Disk) { self.disk = disk }

    func deliver(_ batch: Batch) { items.put(.batch(batch, head: disk.history { $0.head })) }
    func signal(_ signal: Signal) { items.put(.signal(signal)) }
}
