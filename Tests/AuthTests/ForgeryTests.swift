import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Forged tokens") struct ForgeryTests {
    @Test("The genuine token of each family is accepted", arguments: Signed.allCases)
    func genuine(kind: Signed) async throws {
        let desk = try await Desk()
        #expect(await desk.outcome(try kind.token) == "ada")
    }

    @Test("Every forgery is refused with one code and one sentence", arguments: Forgery.all)
    func refused(forgery: Forgery) async throws {
        let desk = try await Desk()
        let token = try forgery.make()
        let error = await #expect(throws: ChatError.self) { try await desk.identify(token) }
        #expect(error == ChatError(.tokenInvalid, "This token is not accepted; sign in again."))
    }

    @Test("There are as many as R29 asks for, and more") func count() {
        #expect(Forgery.all.count > 150)
    }

    @Test("The store is not asked before a signature holds") func beforeTheSignature() async throws {
        let desk = try await Desk()
        let visits = desk.store.visits
        _ = await desk.outcome(try Forge.token(#"{"alg":"HS256"}"#, Forge.claims(), Keys.rsa()))
        #expect(desk.store.visits == visits)
        _ = await desk.outcome(try Signed.hs256.token)
        #expect(desk.store.visits == visits + 1)
    }
}
