#include "processor/domain/siphash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace tally::domain {
namespace {

// The reference implementation's vectors_sip128: key 00 01 … 0f, message 00 01 … (length - 1).
constexpr struct {
  int length;
  const char* hash;
} kVectors[] = {
    {0, "a3817f04ba25a8e66df67214c7550293"},  {1, "da87c1d86b99af44347659119b22fc45"},
    {2, "8177228da4a45dc7fca38bdef60affe4"},  {3, "9c70b60c5267a94e5f33b6b02985ed51"},
    {4, "f88164c12d9c8faf7d0f6e7c7bcd5579"},  {5, "1368875980776f8854527a07690e9627"},
    {6, "14eeca338b208613485ea0308fd7a15e"},  {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
    {8, "3b62a9ba6258f5610f83e264f31497b4"},  {9, "264499060ad9baabc47f8b02bb6d71ed"},
    {10, "00110dc378146956c95447d3f3d0fbba"}, {11, "0151c568386b6677a2b4dc6f81e5dc18"},
    {12, "d626b266905ef35882634df68532c125"}, {13, "9869e247e9c08b10d029934fc4b952f7"},
    {14, "31fcefac66d7de9c7ec7485fe4494902"}, {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
    {16, "6ee2a4ca67b054bbfd3315bf85230577"}, {17, "473d06e8738db89854c066c47ae47740"},
    {18, "a426e5e423bf4885294da481feaef723"}, {19, "78017731cf65fab074d5208952512eb1"},
    {20, "9e25fc833f2290733e9344a5e83839eb"}, {21, "568e495abe525a218a2214cd3e071d12"},
    {22, "4a29b54552d16b9a469c10528eff0aae"}, {23, "c9d184ddd5a9f5e0cf8ce29a9abf691c"},
    {24, "2db479ae78bd50d8882a8a178a6132ad"}, {25, "8ece5f042d5e447b5051b9eacb8d8f6f"},
    {63, "5150d1772f50834a503e069a973fbd7c"},
};

TEST(SipHash, AgreesWithTheReferenceVectors) {
  SipKey key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i);
  for (const auto& vector : kVectors) {
    std::string message;
    for (int i = 0; i < vector.length; ++i) message.push_back(static_cast<char>(i));
    const SipHash128Bytes hash = SipHash128(key, message);
    EXPECT_EQ(absl::BytesToHexString(
                  absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size())),
              vector.hash)
        << "length " << vector.length;
  }
}

}  // namespace
}  // namespace tally::domain
