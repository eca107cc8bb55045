import ChatKernel

/// A client of all of its user's conversations, with one cursor that it carries from loop to loop, from life to life, and
/// into the process itself.
final class Traveller {
    let number: Int
    let user: UserReference
    /// Where it began, and where it stands.
    let start: Pos
    var position: Pos
    /// An answer of the store is on its way to it.
    var isAsking = false
    /// The numbers it got of each conversation, and those it was told that it does not get.
    var numbers: [ConversationID: Set<Seq>] = [:]
    /// The newest mark it got of each user in each conversation.
    var marks: [ConversationID: [UserID: Seq]] = [:]

    init(number: Int, user: UserReference, start: Pos) {
        self.number = number
        self.user = user
        self.start = start
        position = start
    }
}
