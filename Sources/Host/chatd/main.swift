import CLinux
import FoundationEssentials

// The process: arguments in, an exit status out. Everything it does is in `Program`.

// An answer of some pages would be given back to the system with each request, and be asked for again with the next: a
// twentieth of the time that a page of history takes.
chat_keep_freed(1 << 20)

let signals = Signals()
let program = Program(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment,
    signals: signals)
Task.detached { [program] in exit(await program.run()) }
signals.wait()
