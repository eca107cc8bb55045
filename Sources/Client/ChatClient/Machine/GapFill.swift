import ChatKernel

/// A hole in a conversation that the history is asked for, and what waits behind it (pure).
struct GapFill {
    enum Behind {
        case frame(ServerFrame)
        /// Nothing is left to be learnt up to here.
        case stand(String)
        case caughtUp
    }

    /// As it was told.
    let gap: Gap
    /// Where the client stands when it is filled; nil when what follows says so.
    let cursor: String?
    /// Whether it came by the WebSocket, which then brings what is in it too.
    let isBySocket: Bool
    /// The first number that is missing.
    private(set) var next: Seq
    /// The question under way.
    var attempt: Int?
    var due: Int64 = .min
    /// Questions in a row that came to nothing, for the pause.
    var setbacks = 0
    /// How often the server failed at this page.
    var failures = 0
    var behind: [Behind] = []

    /// Numbers asked for at a time: as many as the server gives.
    static let pageLimit = 200
    /// A server that fails at a page this often will not give it.
    static let failureLimit = 10

    init(_ gap: Gap, from next: Seq, cursor: String?, isBySocket: Bool) {
        self.gap = gap
        self.next = max(next, gap.seqs.lowerBound)
        self.cursor = cursor
        self.isBySocket = isBySocket
    }

    var isWhole: Bool { next > gap.seqs.upperBound }

    /// What is still missing.
    var rest: Gap {
        var rest = gap
        rest.seqs = min(next, gap.seqs.upperBound)...gap.seqs.upperBound
        return rest
    }

    /// A page has come to what is behind the hole.
    private(set) var isPassed = false

    /// What of a page belongs in the hole and has not come yet.
    mutating func take(_ page: [ServerFrame]) -> [ClientEvent] {
        var news: [ClientEvent] = []
        for frame in page {
            switch frame {
            case .entry(let entry, _):
                isPassed = isPassed || entry.seq > gap.seqs.upperBound
                guard isMissing(entry.seq...entry.seq, of: entry.conversation) else { continue }
                news.append(.entry(entry))
                next = entry.seq &+ 1
            case .gap(let inner, _):
                guard isMissing(inner.seqs, of: inner.conversation) else { continue }
                var inner = inner
                inner.seqs = max(next, inner.seqs.lowerBound)...min(inner.seqs.upperBound, gap.seqs.upperBound)
                news.append(.gap(inner))
                next = inner.seqs.upperBound &+ 1
            default: break
            }
        }
        return news
    }

    private func isMissing(_ seqs: ClosedRange<Seq>, of conversation: ConversationID) -> Bool {
        !isWhole && conversation == gap.conversation && seqs.upperBound >= next
            && seqs.lowerBound <= gap.seqs.upperBound
    }
}
