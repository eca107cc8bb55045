#if Mutants
    import Synchronization
#endif

/// Deliberate faults: changes that a careless hand might make. Compiled in only with the `Mutants` trait, for the test of
/// the simulation, which must find each. Without the trait ``isOn`` is a constant, and nothing is left of them.
package enum Mutation: String, CaseIterable, Sendable {
    // the committer
    case showsBeforeCommit
    case acknowledgesFailure
    case dropsDelivery
    case deliversTwice
    case reordersBatch
    case keepsGateShut
    case waitsForGateWhenStopping
    // readers
    case skipsSpliceBuffer
    case skipsHoleCheck
    case forgetsOverflow
    case repeatsOverlap
    case treatsPageAsLast
    case followsLate
    // mail
    case losesMail
    case claimsOldMail
    case forgetsArrivals
    case hidesRemovals
    case passesOverEvents
    case jumblesConversations
    case dropsOtherMarks
    // what is not kept
    case passesOverGaps
    case forgetsStayGaps
    case mailsArrivals
    case remembersExpired
    // who may
    case ignoresMembership
    case judgesReadersEarly
    case leavesSpansOpen
    case ignoresDeparture
    case partsReadersEarly
    case admitsFormerMembers
    case letsAnyoneEdit
    case forgetsKeys
    case movesMarksBack
    // what is not stored
    case keepsTheGone
    case leavesUnaware
    case typesForEver
    case ignoresRates
    case leaksSessions

    #if Mutants
        private static let chosen = Mutex<Mutation?>(nil)

        package static func choose(_ mutation: Mutation?) { chosen.withLock { $0 = mutation } }

        package var isOn: Bool { Self.chosen.withLock { $0 } == self }
    #else
        @inline(__always) package var isOn: Bool { false }
    #endif
}

#if Mutants
    extension Committer {
        /// What ``Mutation/showsBeforeCommit`` shows: the posts of a batch, as they will be if all goes well.
        func showEarly(_ batch: [Submission]) async {
            guard Mutation.showsBeforeCommit.isOn, var pos = try? await store.head().pos else { return }
            for submission in batch {
                guard case .post(let content, let clientID, let replyTo) = submission.draft.proposal,
                    let standing = try? await store.standing(
                        of: submission.draft.author, in: submission.draft.conversation),
                    let author = standing.membership?.user
                else { continue }
                pos += 1
                let id = UUIDv7.message(at: time.wall(), pos: pos, random: submission.draft.entropy)
                let posted = Change.Posted(id: id, content: content, clientID: clientID, replyTo: replyTo)
                let entry = Entry(
                    conversation: submission.draft.conversation, seq: standing.lastSeq + 1, pos: pos, at: time.wall(),
                    author: author, change: .message(posted))
                let parcel = Parcel(conversation: entry.conversation, entries: [entry])
                guard case .done(let addressed) = fanout.address([parcel], [], through: 0) else { return }
                for item in addressed { item.outlet.deliver(Batch(item.contents, through: 0) {}) }
            }
        }
    }
#endif
