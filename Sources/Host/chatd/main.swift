import CLinux
import FoundationEssentials

// The process: arguments in, an exit status out. Everything it does is in `Program`.
let program = Program(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
exit(await program.run())
