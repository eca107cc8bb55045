import ChatClient
import ChatKernel

/// `chat`: a client on a terminal, or in a pipe.
actor Program {
    private let arguments: Arguments
    private let credentials: Credentials
    private var talk: Talk?

    init(_ arguments: Arguments, _ credentials: Credentials) {
        self.arguments = arguments
        self.credentials = credentials
    }

    private enum Input: Sendable {
        case event(ClientEvent)
        case line(String)
        case endOfLines
        case ended(ClientFailure?)
    }

    /// The exit status: 0 left, 1 it could not be done, or not all that was to be said is.
    func run(reading keyboard: Keyboard) async -> Int32 {
        do throws(ClientFailure) {
            let server = try ServerAddress(arguments.url)
            let credentials = credentials
            if arguments.registers {
                try await ChatClient.register(
                    at: server, username: credentials.user, password: credentials.password,
                    authorities: arguments.authorities)
            }
            let login = { @Sendable [authorities = arguments.authorities] () async throws(ClientFailure) in
                try await ChatClient.login(
                    to: server, username: credentials.user, password: credentials.password, authorities: authorities)
            }
            // Asked for here first, so that a wrong password is said at once.
            let token = FirstToken(try await login())
            var settings = ClientSettings()
            settings.webSocket = !arguments.isPolling
            settings.authorities = arguments.authorities
            let outbox = try KeptOutbox.open(arguments, at: server)
            let client = try ChatClient(server, outbox: outbox, settings: settings) {
                if let first = await token.take() { return first }
                return try await login()
            }
            let me = try await client.me()
            let talk = Talk(
                client, Rooms(me: me), wanted: arguments.room, kept: outbox?.items() ?? [],
                outboxLimit: settings.outboxLimit)
            return await converse(talk, client, keyboard)
        } catch {
            Terminal.complain(error.description)
            return 1
        }
    }

    /// Events and lines, one after the other, until the user leaves.
    private func converse(_ talk: Talk, _ client: ChatClient, _ keyboard: Keyboard) async -> Int32 {
        let inbox = Inbox<Input>()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(ClientFailure) {
                    try await client.run()
                    await inbox.bring(.ended(nil))
                } catch {
                    await inbox.bring(.ended(error))
                }
            }
            group.addTask {
                for await event in client.events { await inbox.bring(.event(event)) }
            }
            group.addTask {
                for await line in keyboard.lines {
                    await inbox.bring(.line(line))
                    keyboard.next()
                }
                await inbox.bring(.endOfLines)
            }
            var failure: ClientFailure?
            // What is typed before the conversations are known, or while the outbox is full, waits.
            var held: Inbox<Input>.Delivery?
            reading: for await delivery in inbox.deliveries {
                switch delivery.thing {
                case .event(let event):
                    talk.take(event)
                    await talk.learn()
                    delivery.done()
                case .line, .endOfLines: held = delivery
                case .ended(let reason):
                    delivery.done()
                    failure = reason
                    break reading
                }
                if talk.takesLines, let line = held.take() {
                    await perform(line.thing, in: talk)
                    line.done()
                }
                if talk.isDone { break }
            }
            held?.done()
            await inbox.close()
            group.cancelAll()
            if let failure { Terminal.complain(failure.description) }
            return failure == nil && talk.isAllSaid ? 0 : 1
        }
    }

    private func perform(_ input: Input, in talk: Talk) async {
        switch input {
        case .line(let line): await talk.perform(Order(line))
        case .endOfLines: talk.leave()
        case .event, .ended: break
        }
    }
}

/// The token of the login that everything began with, for the first who asks.
private actor FirstToken {
    private var token: String?
    init(_ token: String) { self.token = token }
    func take() -> String? { token.take() }
}
