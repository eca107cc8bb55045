import ChatKernel
import Testing

@Suite("Mention")
struct MentionTests {
    @Test(
        "is @ and a whole name, however written",
        arguments: ["@ann", "Hello @ann", "@Ann!", "(@ANN)", "@ann's", "@ann @bob", "x @ann.", "@@ann", "日本 @ann"])
    func named(text: String) {
        #expect(Mention.names("ann", in: text))
    }

    @Test(
        "is not a part of a name, of an address or of nothing",
        arguments: ["ann", "@anna", "@ann_", "@ann2", "mail@ann", "5@ann", "@", "", "@ an n", "@änn", "日@ann"])
    func notNamed(text: String) {
        #expect(!Mention.names("ann", in: text))
    }

    @Test("of names with spaces, signs and other scripts", arguments: ["Ann Lee", "a.b-c", "Łódź", "Жанна", "🙂"])
    func others(name: String) {
        #expect(Mention.names(name, in: "to @\(name.uppercased()), please"))
        #expect(!Mention.names(name, in: "to \(name)"))
    }
}
