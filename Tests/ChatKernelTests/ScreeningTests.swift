import Testing

@testable import ChatKernel

@Suite("Screening")
struct ScreeningTests {
    @Test("a store that keeps everything gets no rule that nobody would keep")
    func keepsEverything() throws {
        let screening = Screening(limits: KernelLimits(), canExpire: false)
        let rule = Draft.Proposal.update(name: nil, description: nil, retention: Retention(days: 1))
        #expect(throws: ChatError(.invalidField, "retention: this host's store keeps everything.")) {
            try screening.check(rule)
        }
        #expect(throws: Never.self) {
            try screening.check(.update(name: nil, description: nil, retention: Retention()))
        }
    }

    private func refusal(of proposal: Draft.Proposal) -> ChatError.Code? {
        do throws(ChatError) {
            try Screening(limits: KernelLimits()).check(proposal)
            return nil
        } catch {
            return error.code
        }
    }

    private func post(_ content: String, _ key: String? = nil) -> Draft.Proposal {
        .post(content: content, clientID: key.map { ClientID($0) }, replyTo: nil)
    }

    @Test("Blank is empty", arguments: ["", " ", "\n\t ", "\u{A0}", "\u{2003}\u{3000}", "\u{2028}"])
    func blank(content: String) {
        #expect(refusal(of: post(content)) == .messageEmpty)
        #expect(refusal(of: .edit(MessageID("m"), content: content)) == .messageEmpty)
    }

    @Test("Anything that shows is a message", arguments: [".", " x ", "👍", "\u{0}", "\u{200B}"])
    func notBlank(content: String) {
        #expect(refusal(of: post(content)) == nil)
    }

    @Test("Sizes are of bytes, and the limit itself is allowed")
    func sizes() {
        #expect(refusal(of: post(String(repeating: "é", count: 32_768))) == nil)
        #expect(refusal(of: post(String(repeating: "é", count: 32_768) + "x")) == .messageTooLarge)
        #expect(
            refusal(of: .edit(MessageID("m"), content: String(repeating: "x", count: 65_537))) == .messageTooLarge)
    }

    @Test("A key has 1 to 64 bytes")
    func keys() {
        #expect(refusal(of: post("a", String(repeating: "k", count: 64))) == nil)
        #expect(refusal(of: post("a", String(repeating: "k", count: 65))) == .invalidField)
        #expect(refusal(of: post("a", "")) == .invalidField)
    }

    @Test("A reaction has a key of 1 to 64 bytes")
    func reactions() {
        #expect(refusal(of: .react(MessageID("m"), key: "👍", on: true)) == nil)
        #expect(refusal(of: .react(MessageID("m"), key: "", on: true)) == .invalidField)
        #expect(refusal(of: .react(MessageID("m"), key: String(repeating: "k", count: 65), on: true)) == .invalidField)
    }

    @Test("Names, descriptions and lists of people are bounded")
    func details() {
        let long = String(repeating: "n", count: 257)
        #expect(refusal(of: .update(name: long, description: nil)) == .invalidField)
        #expect(refusal(of: .update(name: nil, description: String(repeating: "d", count: 4097))) == .invalidField)
        #expect(refusal(of: .create(ConversationDetails(name: long, isGroup: true), participants: [])) == .invalidField)
        let people = (0...1000).map { UserID("u\($0)") }
        #expect(refusal(of: .create(ConversationDetails(isGroup: true), participants: people)) == .invalidField)
    }

    @Test("A read mark is not negative")
    func marks() {
        #expect(refusal(of: .read(through: 0)) == nil)
        #expect(refusal(of: .read(through: -1)) == .invalidField)
        #expect(refusal(of: .read(through: .min)) == .invalidField)
    }
}
