/// What can be said of a command without asking the store: sizes and shapes.
struct Screening: Sendable {
    let limits: KernelLimits
    /// Whether the store can let go of anything.
    var canExpire = true

    func check(_ proposal: Draft.Proposal) throws(ChatError) {
        switch proposal {
        case .create(let details, let participants):
            try check(name: details.name, description: details.description)
            if let retention = details.retention { try check(retention) }
            guard participants.count <= limits.participants else {
                throw ChatError(
                    .invalidField, "participant_ids: at most \(limits.participants) at once; more can be added later.")
            }
        case .post(let content, let clientID, _):
            try check(content: content)
            if let clientID, clientID.text.isEmpty || clientID.text.utf8.count > ClientID.limit {
                throw ChatError(.invalidField, "client_id: 1 to \(ClientID.limit) bytes of text.")
            }
        case .edit(_, let content):
            try check(content: content)
        case .update(let name, let description, let retention):
            try check(name: name, description: description)
            if let retention { try check(retention) }
        case .react(_, let key, _):
            guard !key.isEmpty, key.utf8.count <= limits.reactionBytes else {
                throw ChatError(.invalidField, "key: 1 to \(limits.reactionBytes) bytes of text.")
            }
        case .read(let seq):
            guard seq >= 0 else { throw ChatError(.invalidField, "seq: a whole number from 0.") }
        case .delete, .add, .remove: break
        }
    }

    private func check(_ retention: Retention) throws(ChatError) {
        guard retention.isValid else {
            throw ChatError(
                .invalidField,
                "retention: days up to \(Retention.mostDays) and messages up to \(Retention.mostMessages), 0 for no limit."
            )
        }
        guard canExpire || retention.isNone else {
            throw ChatError(.invalidField, "retention: this host's store keeps everything.")
        }
    }

    private func check(content: String) throws(ChatError) {
        guard content.utf8.count <= limits.messageBytes else {
            throw ChatError(
                .messageTooLarge, "A message has at most \(limits.messageBytes) bytes.", limit: .messageBytes)
        }
        guard content.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw ChatError(.messageEmpty, "Message cannot be empty")
        }
    }

    private func check(name: String?, description: String?) throws(ChatError) {
        if let name, name.utf8.count > limits.nameBytes {
            throw ChatError(.invalidField, "name: at most \(limits.nameBytes) bytes.")
        }
        if let description, description.utf8.count > limits.descriptionBytes {
            throw ChatError(.invalidField, "description: at most \(limits.descriptionBytes) bytes.")
        }
    }
}
