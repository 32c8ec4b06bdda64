public import IPv8
public import Kademlia
public import Maintenance

/// Something that a node wants done. A plain value: who carries it out, and how, is not the node's business.
public enum Effect: Hashable, Sendable {
    /// Sign and send a message, from one of our hosts; `nil` leaves the choice to the system.
    case send(Message, to: Address, from: IPAddress? = nil)
    /// Check the signatures of a packet and of entries that came in it.
    case verify(WorkID, packet: Packet, entries: [Entry])
    /// Read what the DHT is served under a target.
    case load(WorkID, target: Target, offset: Int, limit: Int)
    /// Make entries durable.
    case commit(WorkID, StoreChange)
    /// List the keys whose values are to be stored again, those that are lost soonest first.
    case listDueKeys(WorkID, limit: Int)
    /// Read the values of these targets that are to be stored again.
    case loadRepublishable(WorkID, [Target])
    /// Serve values on that have been stored again.
    case refresh(RefreshChange)
    /// Remember how storing again went.
    case noteRepublication(RepublishResult)
    /// Remember when the recurring jobs are due and how they went.
    case saveJobs([JobReport])
    /// Make the token secrets durable.
    case saveTokenSecrets([TokenSecret])
    /// Draw 32 unpredictable bytes.
    case drawTokenSecret
    /// Remember these contacts for the next start, and for the record the buckets that they are in.
    case saveContacts([Contact], buckets: [BucketReport])
    /// Broadcast a ``LocalCall`` in the local network.
    case callLocalNetwork
    /// Tell the node's user.
    case emit(Event)
}

/// Something that the node's user may want to know.
public enum Event: Hashable, Sendable {
    /// A command is done.
    case commandCompleted(CommandID, CommandOutcome)
    /// Others see us at an address, and our node id in its family has followed.
    case addressLearned(Address)
    /// A node has become a contact.
    case contactAdded(NodeInfo)
    /// A contact has been given up.
    case contactLost(NodeInfo)
}
