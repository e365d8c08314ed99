import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.RevRepContent;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;

/** The messages of one transaction, with what each takes from the one before. Answers are held against RFC 9483 3. */
final class Transaction {
    static final int NONCE = 16;
    private static final SecureRandom random = new SecureRandom();

    private final Server server;
    private final Protection protection;
    private final boolean implicit;
    private final byte[] id = nonce();
    private byte[] serverNonce;
    private ProtectedPKIMessage answer;

    /** With IMPLICIT, its first message asks for implicit confirmation. */
    Transaction(Server server, Protection protection, boolean implicit) {
        this.server = server;
        this.protection = protection;
        this.implicit = implicit;
    }

    static byte[] nonce() {
        byte[] nonce = new byte[NONCE];
        random.nextBytes(nonce);
        return nonce;
    }

    /** Sends a body that must be answered by one of the type EXPECTED, protected as the request was. */
    ASN1Encodable exchange(int type, ASN1Encodable content, int expected) throws Exception {
        PKIBody body = send(type, content);
        Deviation.unless(body.getType() == expected, "the answer is " + describe(body));
        protection.check(answer, server);
        return body.getContent();
    }

    /** Sends a body that must be refused in one of the type EXPECTED, with FAIL_INFO and nothing else. */
    void refused(int type, ASN1Encodable content, int expected, int failInfo) throws Exception {
        PKIBody body = send(type, content);
        Deviation.unless(body.getType() == expected, "the answer is " + describe(body));
        PKIStatusInfo status = statusOf(body);
        Deviation.unless(status.getStatus().intValue() == PKIStatus.REJECTION
                && status.getFailInfo() != null && new PKIFailureInfo(status.getFailInfo()).intValue() == failInfo,
            "not refused, or for another reason: " + describe(body));
        Deviation.unless(status.getStatusString() != null && status.getStatusString().size() > 0, "no statusString");
        // RFC 9483 3.2: the same kind of protection, but for whoever has not the secret, or another kind of MAC.
        if (protection instanceof Protection.Mac
            && (failInfo == PKIFailureInfo.badMessageCheck || failInfo == PKIFailureInfo.badAlg))
            server.checkSignature(answer);
        else protection.check(answer, server);
    }

    /** The certificates that came along with the last answer. */
    X509CertificateHolder[] extraCerts() {
        return answer.getCertificates();
    }

    boolean confirmedImplicitly() {
        InfoTypeAndValue[] infos = answer.getHeader().getGeneralInfo();
        return infos != null
            && Arrays.stream(infos).anyMatch(
                info -> info.getInfoType().equals(CMPObjectIdentifiers.it_implicitConfirm));
    }

    private PKIBody send(int type, ASN1Encodable content) throws Exception {
        byte[] mine = nonce();
        ProtectedPKIMessageBuilder message =
            new ProtectedPKIMessageBuilder(protection.sender(), new GeneralName(server.ca))
                .setMessageTime(new Date())
                .setTransactionID(id)
                .setSenderNonce(mine)
                .setSenderKID(protection.senderKeyId())
                .setBody(new PKIBody(type, content));
        if (serverNonce != null)
            message.setRecipNonce(serverNonce);
        else if (implicit)
            message.addGeneralInfo(new InfoTypeAndValue(CMPObjectIdentifiers.it_implicitConfirm, DERNull.INSTANCE));
        GeneralPKIMessage got = server.post(protection.protect(message).toASN1Structure().getEncoded("DER"));
        checkHeader(got.getHeader(), mine);
        Deviation.unless(got.hasProtection(), "the answer is not protected");
        answer = new ProtectedPKIMessage(got);
        return got.getBody();
    }

    private void checkHeader(PKIHeader header, byte[] mine) {
        byte[] theirs = octets(header.getSenderNonce());
        Deviation.unless(header.getPvno().hasValue(PKIHeader.CMP_2000), "pvno is " + header.getPvno());
        Deviation.unless(Arrays.equals(octets(header.getTransactionID()), id), "another transactionID");
        Deviation.unless(Arrays.equals(octets(header.getRecipNonce()), mine), "recipNonce is not our senderNonce");
        Deviation.unless(theirs.length >= NONCE, "senderNonce is short");
        Deviation.unless(!Arrays.equals(theirs, mine) && !Arrays.equals(theirs, serverNonce), "senderNonce is not new");
        Deviation.unless(header.getRecipient().equals(protection.sender()), "it is for " + header.getRecipient());
        serverNonce = theirs;
    }

    private static byte[] octets(ASN1OctetString string) {
        return string == null ? new byte[0] : string.getOctets();
    }

    /** The status in an answer, or null where its kind has none. */
    private static PKIStatusInfo statusOf(PKIBody body) {
        switch (body.getType()) {
            case PKIBody.TYPE_ERROR:
                return ErrorMsgContent.getInstance(body.getContent()).getPKIStatusInfo();
            case PKIBody.TYPE_REVOCATION_REP:
                return RevRepContent.getInstance(body.getContent()).getStatus()[0];
            case PKIBody.TYPE_INIT_REP:
            case PKIBody.TYPE_CERT_REP:
            case PKIBody.TYPE_KEY_UPDATE_REP:
                return CertRepMessage.getInstance(body.getContent()).getResponse()[0].getStatus();
            default:
                return null;
        }
    }

    private static String describe(PKIBody body) {
        PKIStatusInfo status = statusOf(body);
        if (status == null) return "body " + body.getType();
        String failInfo = status.getFailInfo() == null ? "" : status.getFailInfo().getString();
        String text = status.getStatusString() == null ? "" : status.getStatusString().getStringAtUTF8(0).getString();
        return "body " + body.getType() + ", status " + status.getStatus() + ", failInfo " + failInfo + ": " + text;
    }
}
