import CLinux
import FoundationEssentials

// The process: arguments in, an exit status out. Everything it does is in `Program`.
let signals = Signals()
let program = Program(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment,
    signals: signals)
Task.detached { [program] in exit(await program.run()) }
signals.wait()
