import CLinux

// The process: arguments in, an exit status out. The main thread reads what is typed; everything else is in `Program`.

let arguments: Arguments
do throws(Arguments.Mistake) {
    arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
} catch {
    Terminal.complain("\(error.text) See chat --help.")
    exit(2)
}
if arguments.wantsHelp {
    Terminal.say(Arguments.help)
    exit(0)
}
let credentials: Credentials
do throws(Credentials.Missing) {
    credentials = try Credentials(for: arguments.user)
} catch {
    Terminal.complain(error.description)
    exit(2)
}
let keyboard = Keyboard()
Task.detached { exit(await Program(arguments, credentials).run(reading: keyboard)) }
keyboard.read()
// The program ends when what was typed is done.
while true { pause() }
