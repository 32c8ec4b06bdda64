/// What a running node answers to a ``ControlRequest``.
package enum ControlReply: Sendable, Equatable {
    /// To a status request.
    case status(NodeStatus)
    /// To a store request.
    case store(StoreReport)
    /// To both kinds of find request.
    case find(FindReport)
    /// To a ping that was answered.
    case ping(PingReport)
    /// To a connect request where the peer answered.
    case connect(ConnectReport)
    /// To a backup that was made.
    case backup(BackupReport)
    /// To a plan request.
    case plan(PlanReport)
    /// To the requests about pins.
    case pins(PinsReport)
    /// To a withdraw request.
    case withdraw(WithdrawReport)
    /// To a forget request.
    case forget(ForgetReport)
    /// The request could not be done.
    case failure(NodeError)
}

extension ControlReply: Codable {
    private enum CodingKeys: String, CodingKey {
        case reply, report, code, message
    }

    private enum Kind: String, Codable {
        case status, store, find, ping, connect, backup, plan, pins, withdraw, forget, failure
    }

    /// Reads the JSON form.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Kind.self, forKey: .reply) {
        case .status: self = .status(try container.decode(NodeStatus.self, forKey: .report))
        case .store: self = .store(try container.decode(StoreReport.self, forKey: .report))
        case .find: self = .find(try container.decode(FindReport.self, forKey: .report))
        case .ping: self = .ping(try container.decode(PingReport.self, forKey: .report))
        case .connect: self = .connect(try container.decode(ConnectReport.self, forKey: .report))
        case .backup: self = .backup(try container.decode(BackupReport.self, forKey: .report))
        case .plan: self = .plan(try container.decode(PlanReport.self, forKey: .report))
        case .pins: self = .pins(try container.decode(PinsReport.self, forKey: .report))
        case .withdraw: self = .withdraw(try container.decode(WithdrawReport.self, forKey: .report))
        case .forget: self = .forget(try container.decode(ForgetReport.self, forKey: .report))
        case .failure:
            self = .failure(
                NodeError(
                    try container.decode(NodeError.Code.self, forKey: .code),
                    try container.decode(String.self, forKey: .message)))
        }
    }

    /// Writes the JSON form, such as `{"reply":"find","report":{…}}`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .status(let report):
            try container.encode(Kind.status, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .store(let report):
            try container.encode(Kind.store, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .find(let report):
            try container.encode(Kind.find, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .ping(let report):
            try container.encode(Kind.ping, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .connect(let report):
            try container.encode(Kind.connect, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .backup(let report):
            try container.encode(Kind.backup, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .plan(let report):
            try container.encode(Kind.plan, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .pins(let report):
            try container.encode(Kind.pins, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .withdraw(let report):
            try container.encode(Kind.withdraw, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .forget(let report):
            try container.encode(Kind.forget, forKey: .reply)
            try container.encode(report, forKey: .report)
        case .failure(let error):
            try container.encode(Kind.failure, forKey: .reply)
            try container.encode(error.code, forKey: .code)
            try container.encode(error.message, forKey: .message)
        }
    }
}
