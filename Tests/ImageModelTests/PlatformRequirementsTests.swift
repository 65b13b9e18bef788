import Failure
import ImageModel
import JSON
import Testing

@Suite struct PlatformRequirementsTests {
    private static func check(_ requirements: String, _ platform: Platform?) throws -> Failure? {
        let manifest = try Manifest(
            ["uuid": "01b2c898-945f-11e1-a523-af1afbe22822", "requirements": JSONValue(parsing: requirements)]
                as JSONObject)
        do {
            try PlatformRequirements(manifest).check(platform)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            (#"{"min_platform":{"7.0":"20141030T081701Z"}}"#, "7.0", "20141030T081701Z", nil),
            (#"{"min_platform":{"7.0":"20141030T081701Z"}}"#, "7.0", "20141030T081702Z", nil),
            (
                #"{"min_platform":{"7.0":"20141030T081701Z"}}"#, "7.0", "20141030T081700Z",
                "MinPlatform: image requires platform 20141030T081701Z or later, and this host runs 20141030T081700Z"
            ),
            (#"{"min_platform":{"7.0":"20141030T081701Z"}}"#, "8.0", "2", nil),
            (
                #"{"min_platform":{"7.0":"20141030T081701Z"}}"#, "6.5", "3",
                "MinPlatform: image requires SDC version 7.0 or later, and this host has 6.5"
            ),
            (#"{"min_platform":{"7.1":"1","6.5":"2"}}"#, "7.0", "0", nil),
            (
                #"{"min_platform":{"7.1":"1","6.5":"2"}}"#, "6.0", "9",
                "MinPlatform: image requires SDC version 6.5 or later, and this host has 6.0"
            ),
            (#"{"max_platform":{"7.0":"20141030T081701Z"}}"#, "7.0", "20141030T081701Z", nil),
            (
                #"{"max_platform":{"7.0":"20141030T081701Z"}}"#, "7.0", "20141030T081702Z",
                "MaxPlatform: image requires platform 20141030T081701Z or earlier, and this host runs 20141030T081702Z"
            ),
            (#"{"max_platform":{"7.0":"20141030T081701Z"}}"#, "6.5", "9", nil),
            (
                #"{"max_platform":{"7.0":"20141030T081701Z"}}"#, "7.1", "0",
                "MaxPlatform: image requires SDC version 7.0 or earlier, and this host has 7.1"
            ),
            (#"{"min_platform":{"7.0":"1"},"max_platform":{"7.0":"3"}}"#, "7.0", "2", nil),
            ("{}", "7.0", "1", nil), (#"{"min_platform":{},"max_platform":{}}"#, "7.0", "1", nil),
            (#"{"min_platform":"x","max_platform":{"7.0":1}}"#, "7.0", "1", nil), ("[]", "7.0", "1", nil),
        ] as [(String, String, String, String?)])
    func compares(requirements: String, version: String, stamp: String, failure: String?) throws {
        let found = try Self.check(requirements, Platform(version: version, stamp: stamp))
        #expect(found.map { "\($0.code): \($0.message)" } == failure)
    }

    @Test func aHostThatDoesNotSayItsVersionHasTheOldestOne() {
        #expect(Platform(version: nil, stamp: "x").version == "6.5")
    }

    @Test func aHostThatIsNoSmartOSIsNotHindered() throws {
        #expect(try Self.check(#"{"min_platform":{"7.0":"9"},"max_platform":{"1.0":"0"}}"#, nil) == nil)
    }
}
