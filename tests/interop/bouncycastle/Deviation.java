/** What must not be: an answer that is not as the RFCs want it. Ends the program. */
final class Deviation extends RuntimeException {
    private static final long serialVersionUID = 1;

    Deviation(String text) {
        super(text);
    }

    static void unless(boolean condition, String text) {
        if (!condition) throw new Deviation(text);
    }
}
