/** The report's style sheet: follows the reader's light or dark setting, prints well, loads nothing. */
export const STYLE: string = `
:root { color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1d1f23; --soft: #686d76; --line: #e3e4e6; --grid: #ececee;
  --first: #2f6fd0; --second: #d9742b; --third: #2a8a5f; --fourth: #a3469b; --fifth: #8a6d1f; --sixth: #2b8fa3;
  --seventh: #b8434f; --eighth: #6b6fb5; --forward: #2f6fd0; --backward: #c2611f; --update: #2a8a5f; --hit: 47 111 208; --miss: 205 60 48; }
@media (prefers-color-scheme: dark) { :root {
  --page: #15171b; --card: #1d2025; --ink: #e8e9eb; --soft: #9aa0aa; --line: #30343b; --grid: #2a2e34;
  --first: #6fa8ff; --second: #f2a35e; --third: #5fc79a; --fourth: #d58bd0; --fifth: #d3b866; --sixth: #6cc6d8;
  --seventh: #ef8791; --eighth: #a9adf0; --forward: #3f78cf; --backward: #bb6a31; --update: #35906a; --hit: 90 150 245; --miss: 232 98 84; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 40px 24px 56px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0 0 10px; font-weight: 600; }
p { margin: 0; }
.sub, figcaption, .note { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 12px; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 14px 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 12px; }
.card { padding: 18px 20px; min-width: 0; margin: 0; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.grid { stroke: var(--grid); } .axis { stroke: var(--line); }
.tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.first, .dot.first, .legend .first { --c: var(--first); }
.line.second, .dot.second, .legend .second { --c: var(--second); }
.line.third, .dot.third, .legend .third { --c: var(--third); }
.line.fourth, .dot.fourth, .legend .fourth { --c: var(--fourth); }
.line.fifth, .dot.fifth, .legend .fifth { --c: var(--fifth); }
.line.sixth, .dot.sixth, .legend .sixth { --c: var(--sixth); }
.line.seventh, .dot.seventh, .legend .seventh { --c: var(--seventh); }
.line.eighth, .dot.eighth, .legend .eighth { --c: var(--eighth); }
.line.faint { stroke-width: 1; opacity: 0.28; }
.dot { fill: var(--c); stroke: var(--card); stroke-width: 1; }
.dot:hover { r: 5; }
.legend { margin-bottom: 8px; color: var(--soft); font-size: 13px; }
.legend span { margin-right: 18px; display: inline-block; }
.legend span::before { content: ''; display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 7px; vertical-align: middle; background: var(--c); }
.legend .pass::before { height: 10px; width: 10px; } .legend .forward { --c: var(--forward); }
.legend .backward { --c: var(--backward); } .legend .update { --c: var(--update); }
.heat { fill: var(--first); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 12px; margin-top: 12px; grid-auto-flow: row dense; }
.cards > .card { margin: 0; } .cards > .whole { grid-column: 1 / -1; }
.whole .wide { min-width: 720px; }
pre { margin: 0; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.mistakes .row { width: 100%; display: flex; gap: 14px; justify-content: space-between; text-align: right; border-top: 1px solid var(--grid); padding-top: 6px; }
.mistakes .row figcaption { flex: none; } .mistakes .row pre { text-align: left; }
.note { font-weight: 400; margin-left: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.matrix { width: 100%; table-layout: fixed; text-align: center; font-size: 13px; border-spacing: 2px; border-collapse: separate; }
.matrix .last { width: 68px; }
.matrix.wide { width: auto; table-layout: auto; }
.matrix th { font-weight: 500; color: var(--soft); padding: 4px; }
.matrix td { padding: 7px 2px; border-radius: 4px; min-width: 30px; }
.matrix .hit { background: rgb(var(--hit) / calc(var(--a) * 0.82)); }
.matrix .miss { background: rgb(var(--miss) / calc(var(--a) * 0.75 + 0.12)); }
.matrix .strong { color: #fff; }
.matrix .none { color: var(--line); }
.matrix .recall { color: var(--soft); text-align: right; white-space: nowrap; }
.facts { width: 100%; font-size: 14px; }
.facts th { text-align: left; width: 1%; font-weight: 400; color: var(--soft); padding: 4px 16px 4px 0; white-space: nowrap; vertical-align: top; }
.facts td { padding: 4px 0; overflow-wrap: anywhere; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.mistakes { display: flex; flex-wrap: wrap; gap: 14px; }
.mistakes figure { margin: 0; width: 96px; text-align: center; font-size: 13px; }
.mistakes img { width: 96px; height: 96px; object-fit: contain; image-rendering: pixelated; border-radius: 6px; display: block; margin-bottom: 4px; background: #000; }
.mistakes b { color: var(--ink); font-weight: 600; } .mistakes .wrong { color: rgb(var(--miss)); }
table.rows { width: 100%; font-size: 13px; }
.rows th { text-align: left; font-weight: 500; color: var(--soft); padding: 4px 16px 4px 0; white-space: nowrap; }
.rows td { padding: 4px 16px 4px 0; border-top: 1px solid var(--grid); max-width: 260px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.rows .wrong td { color: rgb(var(--miss)); }
.equal { stroke: var(--soft); stroke-dasharray: 4 4; opacity: 0.7; }
section { margin-top: 12px; }
footer { margin-top: 28px; color: var(--soft); font-size: 13px; }
@media print { body { padding: 0; } .tile, .card { break-inside: avoid; } }
`
