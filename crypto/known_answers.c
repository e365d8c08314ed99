/* Known answers. What they are for, and what else an engine is put through before it may work, is in
 * engine.c. All keys here are test data and protect nothing. */
#include "crypto/known_answers.h"

/* RSA with 2048 bits, made with OpenSSL 3.0 for this table, as its signatures were. */
#define RSA_PRIVATE_KEY                                                                                      \
    "308204bd020100300d06092a864886f70d0101010500048204a7308204a30201000282010100a586"                       \
    "89fc34a9bedf5993702c17d4d90a72c87d85e8522fa61da6a6bbd293fb2d7ee046c0dea4ce4aa94d"                       \
    "ecde9b346c59053b198a9080ba96ee7a74ab691a34874b7c59fa823d38b128413eb83c46a09f75f1"                       \
    "5d18b7182ac16493af6c9fc47c30aa79014a6426a6cd823e778388bb663e9c68ee5b7298dfed2b05"                       \
    "86444e62f11a55e47ea3bc91cc4b7ecdf3c9a843596e9abe3bbbbf853f45dfb2c8794931d3d3d080"                       \
    "01290ff5d39517798247e9ed13ff34c6ec40990e882765a545cc58a762d886cfb2e04da85bfa7c84"                       \
    "26037c5a0e3bafe5d6efd2bfe6dce0e3fd81ca32c4c429d8ce4d0ac7642d0f81ff8616a092d4dbe8"                       \
    "0a8d5f9d5f97bf203922380029650203010001028201000faf39effe057fa2a658442ec96b4fcd9f"                       \
    "a6c3ce267f73286872dc25bc046dae97f124832e15abbe836070eb7f056ea6d8ca0ad7886dca4077"                       \
    "047f7da68de72052d4cba9e3216df7cb7ab338bded6b56f0d4182039693ed3e875de0f8aec116083"                       \
    "26c82a8666eb3359fe15510f69c27c7851b114553d8b2a6c032fffd4f5a726d2a60d3a7b6b12936f"                       \
    "1d41263586aba19099c3ca4d2a31156c733ae893a07c6a81f5f79b128d7f2cab0fa767a888efa427"                       \
    "c36bb51a9e181719685bba46e31cf49d028643a97d6b15a65659b966b67b81f39ab9bc0d696f5608"                       \
    "735f7179ca8ad226452cb58c50ac7124f2ef9bb9f62bd88690959664634a8c6b8b95c44b1e085902"                       \
    "818100d619e808413b4d89f4f0c624894a0287719f201b331dc5f69b271a78b2b7b7dd0b1cdb1192"                       \
    "18dfe1973f886dc6251656af18381c7de0cd1a8b9e0005bb769cd66ee46c30bbb49ef47ea6e006b3"                       \
    "89195b821601a24db80ea6c50645be683a6ddd2b2a132b954346739d9ee8731ecaf81f77ada2464f"                       \
    "6fe708a05e3c84035920d302818100c5eb13e7e25557533c7feb4bf79c35564a60249c781a0b9670"                       \
    "76997b153cd94e26689bb3a4186870b56455ba270dfb4e04eaaa39c6c9086b5b7e5cd5c2512e9026"                       \
    "f5c6e25e367f4efb4ef757b4c947a2a08d13ee53e9b868935b747370a51fe1973d13e5a46b6edc43"                       \
    "4d032d49611d1cae77bdfb9fe59ed3a15aca69914f69e7028181009eb7c5d398c825cb47d1d691ef"                       \
    "54f65b02583caced4ffd19bc1b58fc7140d10504dff767272f59891b5ef5fcab0f8367ef95bcc322"                       \
    "6e2c9ea93210422f9ed6d6008f45c53ae1c394ecef38d4bef3bbe0a2a73dbedc6ebe2dd391bad254"                       \
    "e23bdfe1c7e73e400107915e2017a2800967b7ac39043bab5801a5db7d00cfbccbae110281803b30"                       \
    "e2f326ad7f405587ac473bf66bbd32e12e11dd996c7dc184b6c228c7d9f5956713a9d619b6a27e9d"                       \
    "53462907f5708fe7dea108e276b224dad5c8d8248f586d4e73fc9f508d2281e64bf2df0e936dffb6"                       \
    "318fc568d0cdf5c4143fb220b0383792fcb0614c000bbfd4f86e42d3d8710b7ca444ecbd2f92fb5e"                       \
    "bbca76bad96102818068d21cc11f6c3e73e0e4f49b92336234a0b6e26e83396c3b5c4df21b5c0338"                       \
    "51ccb813da4be56f316b0138e0ae0e756f9a70452781c88bd04649ab9881b13e731f693128b2f4ed"                       \
    "6bb0e2c91a561ddd9a40849b72d7b900f6fe4e9d671acac5756503249c2ba34770591c74b6d1e745"                       \
    "46309781d2a248e710c6641d45eead5b6d"
#define RSA_SPKI                                                                                             \
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100a58689fc34a9be"                       \
    "df5993702c17d4d90a72c87d85e8522fa61da6a6bbd293fb2d7ee046c0dea4ce4aa94decde9b346c"                       \
    "59053b198a9080ba96ee7a74ab691a34874b7c59fa823d38b128413eb83c46a09f75f15d18b7182a"                       \
    "c16493af6c9fc47c30aa79014a6426a6cd823e778388bb663e9c68ee5b7298dfed2b0586444e62f1"                       \
    "1a55e47ea3bc91cc4b7ecdf3c9a843596e9abe3bbbbf853f45dfb2c8794931d3d3d08001290ff5d3"                       \
    "9517798247e9ed13ff34c6ec40990e882765a545cc58a762d886cfb2e04da85bfa7c8426037c5a0e"                       \
    "3bafe5d6efd2bfe6dce0e3fd81ca32c4c429d8ce4d0ac7642d0f81ff8616a092d4dbe80a8d5f9d5f"                       \
    "97bf203922380029650203010001"

/* RFC 6979 A.2.5 */
#define P256_PRIVATE_KEY                                                                                     \
    "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845"                       \
    "ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define P256_SPKI                                                                                            \
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6"                       \
    "356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d"                       \
    "7e9f5177a3c294d4462299"

const struct known_answer known_answers[] = {
    /* RFC 6979 A.2.5, SHA-256 */
    {
        .kind = KEY_P256,
        .algorithm = "ecdsa-with-SHA256",
        .message = "73616d706c65",
        .private_key = P256_PRIVATE_KEY,
        .spki = P256_SPKI,
        .signature = "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100"
                     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        .deterministic = 0,
    },
    /* RFC 6979 A.2.6, SHA-384 */
    {
        .kind = KEY_P384,
        .algorithm = "ecdsa-with-SHA384",
        .message = "73616d706c65",
        .private_key = "304e020100301006072a8648ce3d020106052b810400220437303502010104306b9d3dad2e1b8c1c"
                       "05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
        .spki = "3076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5"
                "da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d5724"
                "4ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        .signature = "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648"
                     "152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db2603138f130e740a19624526"
                     "203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
        .deterministic = 0,
    },
    /* RFC 6979 A.2.7, SHA-512 */
    {
        .kind = KEY_P521,
        .algorithm = "ecdsa-with-SHA512",
        .message = "73616d706c65",
        .private_key = "3060020100301006072a8648ce3d020106052b8104002304493047020101044200fad06daa62ba3b"
                       "25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc"
                       "1466f6d8fbec67db89ec0c08b0e996b83538",
        .spki = "30819b301006072a8648ce3d020106052b81040023038186000401894550d0785932e00eaa23b694"
                "f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633155d38ffa16d"
                "2bd761dcac474b9a2f5023a400493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6"
                "630f746a28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
        .signature = "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25"
                     "a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa0241617cce7cf50648"
                     "06c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff077"
                     "7b1a20f8ccb1dccc43997f1ee0e44da4a67a",
        .deterministic = 0,
    },
    /* RFC 8032 7.1, test 3 */
    {
        .kind = KEY_ED25519,
        .algorithm = "Ed25519",
        .message = "af82",
        .private_key = "302e020100300506032b657004220420c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b"
                       "85ce3a2e0b4458f7",
        .spki = "302a300506032b6570032100fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb9115"
                "48908025",
        .signature = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
                     "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        .deterministic = 1,
    },
    {
        .kind = KEY_RSA,
        .algorithm = "sha256WithRSAEncryption",
        .message = "73616d706c65",
        .private_key = RSA_PRIVATE_KEY,
        .spki = RSA_SPKI,
        .signature = "9b54311956494481d4e37513f8699b73dfa29b468bad0e7127097116fb17e58120e341170edf9c4b"
                     "31da97565fcb822c4c990b80144dc1c004289edf25ad2e885ad871a88b379cf3c13ecf2560d3a7fe"
                     "f63a83eea8123f94bd384340030140cce8a1aeeb48174e6cd94a357075a966aa1b542b1ecf255d33"
                     "15653201696c4750104e7f4bae05fbf74ff770691e9d2deccfb3ee826234bfe8764a1817b78402a4"
                     "2f7bbfcd07a7b848fd99f48b297fe17468d79d07bef4384f1420ac85621f1c939d87c0060e8658dd"
                     "d53d0d466097fc48da83a122792edefcd337fbaa3ef166a39bd0eadd969b561d1575a58e8a10cd0e"
                     "e27783212ebdb83c056ef69d6fb65bbc",
        .deterministic = 1,
    },
    {
        .kind = KEY_RSA,
        .algorithm = "RSASSA-PSS-SHA256",
        .message = "73616d706c65",
        .private_key = RSA_PRIVATE_KEY,
        .spki = RSA_SPKI,
        .signature = "6eb8ed9dd615e15751fb20872948763de8e3f06659519b8a3baf173bd50784bacf72bb13c0bc4c91"
                     "296e81b88807362e30adbfc31ed59492494b20e943073c4883fadb405ddefbee94745f69df44a4d8"
                     "dd291fcd75fcd8299df432b821df6f552571ef272df572ec8a14fbf3db4902e7c9d694aeb53a4058"
                     "a357cd5b4bc35cd4fd012ee734595c213bf57ec1e6ac25147b68b40897fa55252c5a09e0c63fe410"
                     "36633aba30044c134fa9c466744a000a436a83b7a09909c8eba6a3d7a7526391ee1613c314a54810"
                     "1e75b2c8c082bfc4b5f6df84d1f2ce874ea665d3ff7f2ff08b8c87e84ad4dee351a3453df584c92f"
                     "ce85cbaa66675a1dcca3452410df1dc4",
        .deterministic = 0,
    },
    /* Signatures of OpenSSL 3.0, over SHA-3 and SHAKE */
    {
        .kind = KEY_P256,
        .algorithm = "ecdsa-with-sha3-256",
        .message = "73616d706c65",
        .private_key = P256_PRIVATE_KEY,
        .spki = P256_SPKI,
        .signature = "304502206e0dd6852d58615a3187b467896f21b93d2d0c81c26fdd8fef0f5bc2c7cde443022100be"
                     "2cb55f08fe069895669364946855c1de610102bcf52fccc2ea30a4d4014a9d",
        .deterministic = 0,
    },
    {
        .kind = KEY_P256,
        .algorithm = "ecdsa-with-shake128",
        .message = "73616d706c65",
        .private_key = P256_PRIVATE_KEY,
        .spki = P256_SPKI,
        .signature = "3045022100d9697e71f14017c68f4973b6e50da4172b238b67b9bc5bb08cec8fff6363b84f022057"
                     "772596655f4625c5e2e2ce66a0555d6c3049c37721f73eb0cedc8e988b5660",
        .deterministic = 0,
    },
    {
        .kind = KEY_P256,
        .algorithm = "ecdsa-with-shake256",
        .message = "73616d706c65",
        .private_key = P256_PRIVATE_KEY,
        .spki = P256_SPKI,
        .signature = "3045022059e3cebd31c5e14bc2cf47bc59a220bdf4530e310918026d19199e59b2b72517022100e2"
                     "6d39b41ab9c3b3cbaed28ef0c7fae72940354c94dbe1ec7af00d5cf52451e7",
        .deterministic = 0,
    },
    {
        .kind = KEY_RSA,
        .algorithm = "rsassa-pkcs1-v1-5-with-sha3-256",
        .message = "73616d706c65",
        .private_key = RSA_PRIVATE_KEY,
        .spki = RSA_SPKI,
        .signature = "56ad2cf63565c1a8272061c7d731e0fbf3afe20158213f8c0c0ea2a697bafbb7027ab4f517fdcee2"
                     "93011bf3d260a93b89a0d50947db485de0cb482c3ac195bba861fd8d5d6d171f8add0de1eb3a39b2"
                     "502c63ff89c66a80bf46ff49df1723449f9dae815641d43e867b02f6663f5e32e488d571af5b13e7"
                     "d6d3b3dce8ecd18bfa0dca0a8836932317d05515c513000a12aba70743e4aab7ffd257b0de2e13c5"
                     "13af0caa4d7fe1df6e325ba92c7241717985a5b3ddba9bc3734eb44e001cc35e386604afa4e98eb3"
                     "c86a857a3bb970aec1df5949cf43f1bf75e272383d9414958d4d877592ad77ae37fcf3ef9ae81b24"
                     "44fdc4430151696925a37f801c5ccf93",
        .deterministic = 1,
    },
};

const size_t known_answer_count = sizeof known_answers / sizeof known_answers[0];
