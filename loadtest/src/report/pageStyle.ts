/**
 * Owns the looks of the page, light and dark.
 * Does not own its structure (html.ts).
 */

/** The style sheet. */
export const pageStyle = `
:root{--ground:#fff;--raised:#f6f7f9;--ink:#1b1f24;--soft:#5c6670;--rule:#dfe3e8;--good:#0b7a43;--bad:#b3261e;--warn:#8a5a00;
--s0:#1f6feb;--s1:#d9480f;--s2:#0b8a5f;--s3:#8b3fd1;--s4:#a87900;--s5:#c2255c;--s6:#0c8599;--s7:#5f6b76}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--raised:#1d2125;--ink:#e8eaed;--soft:#9aa4ae;--rule:#343a40;--good:#5fd39a;
--bad:#ff8a80;--warn:#f2c14e;--s0:#6ea8ff;--s1:#ff9457;--s2:#4fd1a0;--s3:#c08bff;--s4:#e5b94d;--s5:#ff7fac;--s6:#4fc4d6;--s7:#a3adb7}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1400px;padding:24px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif;
font-variant-numeric:tabular-nums}
h1{margin:0;font-size:28px}h2{margin:0 0 6px;font-size:16px}
.facts{margin:4px 0 0;color:var(--soft)}
.verdict{float:right;margin:4px 0 0;padding:4px 14px;border:1px solid;border-radius:99px;font-weight:600}
.good.verdict,.good td{color:var(--good)}.bad.verdict,.bad td{color:var(--bad)}
.lead{margin:20px 0}.lead p{margin:0;color:var(--soft)}.lead p:first-child{color:var(--ink);font-size:40px;line-height:1.2;font-weight:650}
.columns,.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:20px;align-items:start}
.columns{margin-bottom:20px}.columns>*{min-width:0;overflow-x:auto}
table{width:100%;border-collapse:collapse;margin-bottom:16px}
th,td{padding:4px 8px;border-bottom:1px solid var(--rule);text-align:right}
th{font-weight:500;color:var(--soft)}th:first-child{text-align:left}tbody th{color:var(--ink);font-weight:400}
@media (max-width:480px){body{padding:16px;font-size:14px}th,td{padding:4px}.verdict{float:none;display:inline-block}}
figure{margin:0;padding:14px;background:var(--raised);border-radius:10px}
figcaption{font-weight:600}figcaption small{color:var(--soft);font-weight:400}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:4px 0;padding:0;list-style:none;color:var(--soft);font-size:13px}
.legend b{color:var(--ink);font-weight:500}.legend i{display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle;background:var(--c)}
svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}
.grid{stroke:var(--rule)}.mark{stroke:var(--soft);stroke-dasharray:2 3}
.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.list{margin:20px 0}.list ul{margin:0;padding-left:20px;white-space:pre-wrap}.list.warning{padding:12px 16px;border-left:4px solid var(--warn);background:var(--raised)}
details{margin-top:20px;color:var(--soft)}pre{overflow-x:auto}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}
`;
