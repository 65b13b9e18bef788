import Failure
import Testing
import Transport

@Suite struct EnvironmentTests {
    @Test(arguments: ["inf", "-inf", "nan", "1e300", "-1", "0", "86401", "abc", "0x10 ", "5s", "1e400"])
    func aTimeThatIsNoneIsAnErrorInWords(text: String) {
        for name in ["IMGADM_CONNECT_TIMEOUT", "IMGADM_STALL_TIMEOUT"] {
            let failure = #expect(throws: Failure.self) { try TransportSettings(environment: [name: text]) }
            #expect(failure?.code == .configError && failure?.message.contains(name) == true)
        }
    }

    @Test(arguments: [("5", Duration.seconds(5)), ("0.25", .milliseconds(250)), ("86400", .seconds(86_400))])
    func aTimeIsTaken(text: String, time: Duration) throws {
        #expect(try TransportSettings(environment: ["IMGADM_CONNECT_TIMEOUT": text]).connectTimeout == time)
    }

    @Test func anEmptyOneIsNone() throws {
        let usual = TransportSettings()
        #expect(
            try TransportSettings(environment: ["IMGADM_CONNECT_TIMEOUT": ""]).connectTimeout == usual.connectTimeout)
    }
}
