import CLinux
import ChatHost

/// `chatd`: one command, its words on standard output, its complaints on standard error.
struct Program: Sendable {
    let arguments: [String]
    let environment: [String: String]
    let signals: Signals

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The exit status: 0 done, 1 it could not be done, 2 it was not understood.
    func run() async -> Int32 {
        do {
            let arguments = try Arguments(arguments)
            return try await perform(arguments)
        } catch let mistake as Arguments.Mistake {
            complain("\(mistake.text) See chatd --help.")
            return 2
        } catch let problems as ConfigProblems {
            complain(problems.description)
            return 1
        } catch {
            complain("\(error)")
            return 1
        }
    }

    private func perform(_ arguments: Arguments) async throws -> Int32 {
        switch arguments.command {
        case .help(let topic): try say(Help.text(topic))
        case .version: try say("chatd \(Host.version)\n")
        case .serve: try await serve(arguments)
        case .check(let path):
            let configuration = try HostConfiguration(reading: path, environment: environment)
            for warning in try configuration.checkFiles(environment: environment) { complain("warning: \(warning)") }
            try say("\(path): nothing is wrong\n")
        case .initialize(let folder):
            try say(
                "\(Starter.write(in: folder)) is written. Next: chatd serve \(folder == "." ? "" : folder + "/")chat.json\n"
            )
        case .token(let name):
            try say(await administration(arguments).token(for: name, minutes: arguments.minutes) + "\n")
        case .addUser(let name):
            let password = try Password.ask(for: name, signals)
            let id = try await administration(arguments).add(name, password: password, email: arguments.email)
            try say("\(name) is \(id)\n")
        case .listUsers:
            for line in try await administration(arguments).list() { try say(line + "\n") }
        case .setActive(let name, let isActive):
            try await administration(arguments).setActive(name, isActive)
            try say("\(name) is \(isActive ? "enabled" : "disabled")\n")
        case .beginEpoch:
            let epoch = try await administration(arguments).beginEpoch()
            try say("the epoch is \(epoch): clients from before begin with a snapshot\n")
        }
        return 0
    }

    private func configuration(_ arguments: Arguments) throws -> HostConfiguration {
        var configuration: HostConfiguration
        if let path = arguments.config {
            configuration = try HostConfiguration(reading: path, environment: environment)
        } else {
            try DataFolder.make(arguments.data)
            configuration = try HostConfiguration(dataFolder: arguments.data, environment: environment)
        }
        if let listen = arguments.listen { configuration.listen = listen }
        return configuration
    }

    private func administration(_ arguments: Arguments) throws -> Administration {
        Administration(try configuration(arguments), environment: environment)
    }

    private func serve(_ arguments: Arguments) async throws {
        let host = Host(try configuration(arguments), environment: environment)
        host.whenReady { running in
            // The one line a person or a script waits for.
            let urls = running.urls.joined(separator: " and ")
            try? write("chatd serves at \(urls) — open it in a browser and sign up, or see chatd --help\n", to: 1)
        }
        signals.onStop { host.stop() }
        signals.onReload { host.reload() }
        try await host.run()
    }

    private func say(_ text: String) throws {
        do {
            try write(text, to: 1)
        } catch {
            throw Failure(description: "Standard output cannot be written: \(error).")
        }
    }

    /// There is nobody to tell when that fails.
    private func complain(_ text: String) { try? write("chatd: " + text + "\n", to: 2) }
}
