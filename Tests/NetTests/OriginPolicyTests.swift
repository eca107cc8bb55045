import ChatHTTP1
import Testing

@testable import ChatHTTPServer

@Suite("Which pages may use the server")
struct OriginPolicyTests {
    private let policy = OriginPolicy(allowed: ["https://desk.example.org"])

    private func judge(_ origins: String..., host: String = "kiosk.example") -> OriginPolicy.Verdict {
        policy.judge(
            RequestHead(
                method: "GET", path: "/", host: host, fields: origins.map { HTTPField(name: "Origin", value: $0) }))
    }

    @Test("programs, which say nothing, and the server's own pages")
    func ownPages() {
        #expect(judge() == .pass)
        #expect(judge("http://kiosk.example") == .pass)
        #expect(judge("HTTPS://Kiosk.Example") == .pass)
    }

    @Test("others when they are on the list, and are told so as they wrote it")
    func listed() {
        #expect(judge("https://Desk.example.org") == .share(with: "https://Desk.example.org"))
        #expect(judge("http://desk.example.org") == .refuse)
        #expect(judge("null") == .refuse)
    }

    @Test("two origins are none")
    func twice() {
        #expect(judge("https://desk.example.org", "https://desk.example.org") == .refuse)
    }

    @Test("the sign for Kelvin, which folds to a k, is another letter")
    func lookalike() {
        #expect(judge("https://des\u{212A}.example.org") == .refuse)
        #expect(judge("http://\u{212A}iosk.example") == .refuse)
    }
}
