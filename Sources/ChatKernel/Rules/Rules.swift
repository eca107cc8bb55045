/// Who may do what. The one place, for every store: judged inside the commit, so that nothing slips between asking and
/// writing.
public enum Rules {
    /// Past it `conflict`: a deletion takes the content out of all of a message's edits, and is one commit.
    public static let editsPerMessage = 1000
    /// Past it another key is a `conflict`: a message is shown with all of them.
    public static let reactionKeysPerMessage = 100
    /// How often one user comes into one conversation; past it `conflict`. Each stay is looked at wherever the user's is.
    public static let staysPerMember = 1000

    /// Judges one draft.
    /// - Throws: when the view could not answer. A draft that is refused is a result, not an error.
    public static func judge<View: LedgerView>(
        _ draft: Draft, in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        if case .create(let details, let participants) = draft.proposal {
            return try create(draft, details, participants, in: &view)
        }
        guard let facts = try view.facts(of: draft.conversation) else {
            return .failure(ChatError(.unknownConversation, "There is no such conversation."))
        }
        guard let me = try view.membership(of: draft.author, in: draft.conversation),
            me.isActive || Mutation.admitsFormerMembers.isOn
        else {
            return .failure(ChatError(.notAMember, "You are not a member of this conversation."))
        }
        switch draft.proposal {
        case .create:
            return .failure(ChatError(.internal, "A conversation was made twice."))
        case .post(let content, let clientID, let replyTo):
            return try post(draft, content, clientID, replyTo, as: me, in: &view)
        case .edit(let id, let content):
            return try edit(draft, id, content, as: me, in: &view)
        case .delete(let id):
            return try delete(draft, id, as: me, in: &view)
        case .react(let id, let key, let on):
            return try react(draft, id, key, on, as: me, in: &view)
        case .update(let name, let description, let retention):
            return update(facts, name, description, retention, as: me)
        case .add(let user, let role):
            return try add(draft, user, role, facts, as: me, in: &view)
        case .remove(let user):
            return try remove(draft, user, facts, as: me, in: &view)
        case .read(let seq):
            let through = min(seq, facts.lastSeq)
            guard through > me.readSeq || Mutation.movesMarksBack.isOn else { return .success(.answer(.unchanged)) }
            return .success(.append(author: me.user, .other(.read(through: through))))
        }
    }

    // MARK: Conversations

    private static func create<View: LedgerView>(
        _ draft: Draft, _ details: ConversationDetails, _ participants: [UserID], in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard let author = try view.activeUser(draft.author) else {
            return .failure(ChatError(.unknownUser, "Your account is unknown or disabled."))
        }
        var members = [Member(user: author, role: .owner)]
        var seen: Set<UserID> = [author.id]
        for id in participants where seen.insert(id).inserted {
            guard let user = try view.activeUser(id) else {
                return .failure(ChatError(.unknownUser, "There is no user \(quoted(id.text))."))
            }
            members.append(Member(user: user, role: .member))
        }
        if !details.isGroup, members.count == 2, let existing = try view.pair(members[0].user.id, members[1].user.id) {
            return .success(.answer(.existing(existing)))
        }
        let most = draft.limits.membersPerConversation
        guard most == 0 || members.count <= most else {
            return .failure(
                ChatError(
                    .invalidField, "participant_ids: a conversation has at most \(most) members.",
                    limit: .membersPerConversation))
        }
        if let refusal = try ownsEnough(author.id, draft.limits, in: &view) { return .failure(refusal) }
        guard try view.facts(of: draft.conversation) == nil else {
            return .failure(ChatError(.conflict, "A conversation with this identifier exists."))
        }
        return .success(.append(author: author, .other(.created(details, members: members))))
    }

    private static func update(
        _ facts: ConversationFacts, _ name: String?, _ description: String?, _ retention: Retention?, as me: Membership
    ) -> Result<Verdict, ChatError> {
        guard me.role >= .admin else {
            return .failure(ChatError(.forbidden, "Only admins and owners change a conversation's details."))
        }
        var details = facts.details
        if let name { details.name = name }
        if let description { details.description = description }
        if let retention { details.retention = retention.isNone ? nil : retention }
        guard details != facts.details else { return .success(.answer(.unchanged)) }
        return .success(.append(author: me.user, .other(.updated(details))))
    }

    // MARK: Messages

    private static func post<View: LedgerView>(
        _ draft: Draft, _ content: String, _ clientID: ClientID?, _ replyTo: MessageID?, as me: Membership,
        in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        if let clientID, !Mutation.forgetsKeys.isOn,
            let entry = try view.message(named: clientID, from: draft.author, in: draft.conversation)
        {
            // Of a deleted message the content is gone, and with it the means to compare: the name decides.
            guard case .message(let posted) = entry.change, posted.replyTo == replyTo,
                posted.isDeleted || isSame(posted.content, content)
            else {
                return .failure(
                    ChatError(.idempotencyMismatch, "This client_id was used for a message with other content."))
            }
            return .success(.answer(.repeated(entry)))
        }
        // Behind the name: what is a repetition is answered so, whatever its sender may say now.
        guard me.role >= .member else { return .failure(readersOnlyRead) }
        if let replyTo {
            guard let original = try view.message(replyTo), original.conversation == draft.conversation,
                me.sees(original.seq)
            else { return .failure(ChatError(.unknownMessage, "There is no such message to reply to here.")) }
        }
        return .success(
            .append(
                author: me.user,
                .message(content: content, clientID: clientID, replyTo: replyTo, entropy: draft.entropy)))
    }

    private static func edit<View: LedgerView>(
        _ draft: Draft, _ id: MessageID, _ content: String, as me: Membership, in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard let facts = try visible(id, to: me, draft, in: &view) else { return .failure(unknownMessage) }
        guard facts.sender == draft.author || Mutation.letsAnyoneEdit.isOn else {
            return .failure(ChatError(.forbidden, "Only its sender may edit a message."))
        }
        guard me.role >= .member else { return .failure(readersOnlyRead) }
        guard facts.edits < editsPerMessage else {
            return .failure(
                ChatError(
                    .conflict, "A message is edited \(editsPerMessage) times at most.", limit: .editsPerMessage))
        }
        return .success(.append(author: me.user, .other(.edited(id, content: content))))
    }

    private static func delete<View: LedgerView>(
        _ draft: Draft, _ id: MessageID, as me: Membership, in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard let facts = try visible(id, to: me, draft, in: &view) else { return .failure(unknownMessage) }
        guard me.role >= .admin || facts.sender == draft.author && me.role >= .member else {
            return .failure(ChatError(.forbidden, "Only its sender, an admin or an owner may delete a message."))
        }
        return .success(.append(author: me.user, .other(.deleted(id))))
    }

    private static func react<View: LedgerView>(
        _ draft: Draft, _ id: MessageID, _ key: String, _ on: Bool, as me: Membership, in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard try visible(id, to: me, draft, in: &view) != nil else { return .failure(unknownMessage) }
        guard me.role >= .member else { return .failure(readersOnlyRead) }
        guard try view.hasReacted(draft.author, to: id, with: key) != on else {
            return .success(.answer(.unchanged))
        }
        if on, let keys = try view.reactionKeys(on: id, besides: key), keys >= reactionKeysPerMessage {
            return .failure(
                ChatError(
                    .conflict, "A message has at most \(reactionKeysPerMessage) different reactions.",
                    limit: .reactionKeysPerMessage))
        }
        return .success(.append(author: me.user, .other(.reaction(id, key: key, on: on))))
    }

    /// The message, if the member may see it and it has not been deleted.
    private static func visible<View: LedgerView>(
        _ id: MessageID, to me: Membership, _ draft: Draft, in view: inout View
    ) throws(StoreError) -> MessageFacts? {
        guard let facts = try view.message(id), facts.conversation == draft.conversation, !facts.isDeleted,
            me.sees(facts.seq)
        else { return nil }
        return facts
    }

    // MARK: Members

    private static func add<View: LedgerView>(
        _ draft: Draft, _ id: UserID, _ role: Role, _ facts: ConversationFacts, as me: Membership,
        in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard me.role >= .admin else {
            return .failure(ChatError(.forbidden, "Only admins and owners add members or change roles."))
        }
        guard !facts.isPair else { return .failure(pairsAreClosed) }
        guard let user = try view.activeUser(id) else {
            return .failure(ChatError(.unknownUser, "There is no user \(quoted(id.text))."))
        }
        let known = try view.membership(of: id, in: draft.conversation)
        guard let them = known, them.isActive else {
            guard role <= .member || me.role == .owner else { return .failure(onlyOwnersPromote) }
            guard known?.spans.count ?? 0 < staysPerMember else {
                return .failure(
                    ChatError(
                        .conflict, "This user has come into this conversation \(staysPerMember) times.",
                        limit: .staysPerMember))
            }
            let most = draft.limits.membersPerConversation
            guard most == 0 || facts.members < most else {
                return .failure(
                    ChatError(
                        .conflict, "This conversation has \(facts.members) members, which is as many as there may be.",
                        limit: .membersPerConversation))
            }
            if role == .owner, let refusal = try ownsEnough(id, draft.limits, in: &view) { return .failure(refusal) }
            return .success(
                .append(author: me.user, .other(.member(.added, Member(user: user, role: role)))))
        }
        guard them.role != role else { return .success(.answer(.unchanged)) }
        guard me.role == .owner || max(them.role, role) <= .member else { return .failure(onlyOwnersPromote) }
        guard them.role != .owner || facts.owners > 1 else { return .failure(lastOwner) }
        if role == .owner, let refusal = try ownsEnough(id, draft.limits, in: &view) { return .failure(refusal) }
        return .success(.append(author: me.user, .other(.member(.role, Member(user: user, role: role)))))
    }

    private static func remove<View: LedgerView>(
        _ draft: Draft, _ id: UserID, _ facts: ConversationFacts, as me: Membership, in view: inout View
    ) throws(StoreError) -> Result<Verdict, ChatError> {
        guard !facts.isPair else { return .failure(pairsAreClosed) }
        guard let them = try view.membership(of: id, in: draft.conversation), them.isActive else {
            return .failure(ChatError(.unknownUser, "That user is not a member of this conversation."))
        }
        let isMyself = id == draft.author
        guard isMyself || me.role == .owner || me.role == .admin && them.role <= .member else {
            return .failure(ChatError(.forbidden, "Your role does not let you remove this member."))
        }
        guard them.role != .owner || facts.owners > 1 || facts.members == 1 else { return .failure(lastOwner) }
        let member = Member(user: them.user, role: them.role)
        return .success(.append(author: me.user, .other(.member(isMyself ? .left : .removed, member))))
    }

    /// Why the user may not own one more conversation; nil when it may.
    private static func ownsEnough<View: LedgerView>(
        _ user: UserID, _ limits: MembershipLimits, in view: inout View
    ) throws(StoreError) -> ChatError? {
        let most = limits.conversationsPerUser
        guard most > 0, try view.conversationsOwned(by: user) >= most else { return nil }
        return ChatError(
            .conflict, "One user owns at most \(most) conversations: leave one, or hand it over, first.",
            limit: .conversationsPerUser)
    }

    // MARK: Words

    private static let unknownMessage = ChatError(.unknownMessage, "There is no such message.")
    private static let readersOnlyRead = ChatError(.forbidden, "Your role in this conversation is to read.")
    private static let pairsAreClosed = ChatError(.conflict, "A conversation of two keeps its two members.")
    private static let onlyOwnersPromote = ChatError(.forbidden, "Only owners make or unmake admins and owners.")
    private static let lastOwner = ChatError(.conflict, "The last owner stays: make another member an owner first.")

    /// An identifier in a sentence: cut, so that a hostile one cannot fill a log.
    private static func quoted(_ text: String) -> String { "“\(text.prefix(64))”" }
}
