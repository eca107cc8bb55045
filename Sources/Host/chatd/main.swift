import CLinux
import FoundationEssentials

// The process: arguments in, an exit status out. Everything it does is in `Program`.
StopSignals.block()
let program = Program(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
// A command that is not `serve` has nothing to bring to an end.
if !program.serves { StopSignals.unblock() }
exit(await program.run())
