import ChatHTTP1
import ChatNet
import TLSTesting
import Testing

@testable import ChatClient

@Suite("Dialling a server with several addresses", .timeLimit(.minutes(15)))
struct DialTests {
    private let dialling: DialLoop

    init() throws { dialling = try DialLoop() }

    @Test("one at which nobody answers has its share of the time, and then the next is tried")
    func silent() async throws {
        let silent = try SilentPort()
        try await TestHost.serve { host in
            let answer = try await dialling.ask([silent.port, host.server.port], patience: 2000)
            #expect(answer.head.status == 200)
        }
    }

    @Test("one that takes the connection and shakes no hands is passed over as well")
    func noHandshake() async throws {
        let mute = try Listener(ListenAddress("127.0.0.1:0"))
        let certificate = try CertificateFiles()
        try await TestHost.serve(certificate: certificate) { host in
            let trust = try TLSTrust(.file(certificate.certificatePath))
            let answer = try await dialling.ask(
                [mute.address.port, host.server.port], patience: 3000, trusting: trust)
            #expect(answer.head.status == 200)
        }
    }

    @Test("a server of which no address answers is not reached, which is no word of a server that is mute")
    func nobody() async throws {
        let (first, second) = (try SilentPort(), try SilentPort())
        await #expect(throws: ClientFailure.unreachable("it took too long")) {
            try await dialling.ask([first.port, second.port], patience: 300)
        }
    }

    @Test("whoever has been told what is to be said is waited for, and nobody else is told")
    func mute() async throws {
        let mute = try Listener(ListenAddress("127.0.0.1:0"))
        try await TestHost.serve { host in
            _ = await #expect(throws: ClientFailure.unreachable("no answer came")) {
                try await dialling.ask([mute.address.port, host.server.port], patience: 300)
            }
        }
    }
}
