import ImageModel
import Testing

@Suite struct ImageUUIDTests {
    @Test(arguments: [
        "01b2c898-945f-11e1-a523-af1afbe22822", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ])
    func comesBackAsItWas(text: String) {
        #expect(ImageUUID(text)?.description == text)
    }

    @Test(arguments: [
        "", "-", "01b2c898-945f-11e1-a523-af1afbe2282", "01b2c898-945f-11e1-a523-af1afbe228222",
        "01B2C898-945F-11E1-A523-AF1AFBE22822",
        "01b2c898945f11e1a523af1afbe22822", "01b2c898-945f-11e1-a523-af1afbe2282g",
        "01b2c89-8945f-11e1-a523-af1afbe22822",
        "01b2c898_945f_11e1_a523_af1afbe22822", " 1b2c898-945f-11e1-a523-af1afbe22822",
        "--------------------------------",
        "01b2c898-945f-11e1-a523-af1afbe22822-", "{01b2c898-945f-11e1-a523-af1afbe22822}",
        "０1b2c898-945f-11e1-a523-af1afbe22822",
        "------------------------------------", "01b2c898-945f-11e1-a523-af1afbe22822\n",
    ])
    func refusesWhatIsNone(text: String) {
        #expect(ImageUUID(text) == nil)
    }

    @Test func ordersAsItsText() {
        let texts = (0..<200).map { _ in ImageUUID().description }
        #expect(texts.compactMap { ImageUUID($0) }.sorted().map(\.description) == texts.sorted())
    }

    @Test func randomOnesAreOfVersionFourAndDiffer() throws {
        let uuids = (0..<100).map { _ in ImageUUID() }
        #expect(Set(uuids).count == 100)
        for text in uuids.map({ Array($0.description) }) {
            #expect(text[14] == "4")
            #expect("89ab".contains(text[19]))
        }
    }

    @Test func zero() {
        #expect(ImageUUID.zero.description == "00000000-0000-0000-0000-000000000000")
    }
}
